import { useEffect, useState } from 'react'
import type { z } from 'zod'

export type Loaded<T> =
  | { readonly kind: 'loading' }
  /** `isOld`: a newer answer is on its way. */
  | { readonly kind: 'ready'; readonly value: T; readonly isOld: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * What the API answers under `path`, read again whenever `version` changes or `retry` is called. Until the answer is
 * there, the one before it stays; null asks for nothing.
 */
export function useJson<T>(
  path: string | null,
  schema: z.ZodType<T>,
  version = '',
): [Loaded<T>, () => void] {
  const [state, setState] = useState<{ path: string | null; value: Loaded<T> }>({
    path,
    value: { kind: 'loading' },
  })
  const [tries, setTries] = useState(0)
  useEffect(() => {
    if (path === null) return
    const cancel = new AbortController()
    void load(path, schema, cancel.signal).then((value) => {
      if (!cancel.signal.aborted) setState({ path, value })
    })
    return () => cancel.abort()
  }, [path, schema, version, tries])
  const { value } = state
  const isOld = state.path !== path
  const shown: Loaded<T> =
    value.kind === 'ready' ? { ...value, isOld } : isOld ? { kind: 'loading' } : value
  return [shown, () => setTries(tries + 1)]
}

async function load<T>(
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<Loaded<T>> {
  try {
    const response = await fetch(path, { signal })
    if (response.status === 404) return { kind: 'missing' }
    if (!response.ok) return { kind: 'failed', reason: await reasonOf(response) }
    return { kind: 'ready', value: schema.parse(await response.json()), isOld: false }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : 'no answer' }
  }
}

/** What the server says about it, or at least its status. */
export async function reasonOf(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null && 'error' in body) {
      return String(body.error)
    }
  } catch {
    // No JSON: the status says what there is to say.
  }
  return `the server answered ${response.status}`
}
