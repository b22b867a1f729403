import { useEffect, useState } from 'react'
import { type AlertDetail, alertDetailSchema } from '../../api.ts'

export type DetailState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly detail: AlertDetail }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Everything about one alert, read again whenever `version` changes (the feed has told of a change) or `retry` is called.
 * A newer answer replaces the old one; until then the old one stays.
 */
export function useAlertDetail(id: string, version: string): [DetailState, () => void] {
  const [state, setState] = useState<{ id: string; value: DetailState }>({
    id,
    value: { kind: 'loading' },
  })
  const [tries, setTries] = useState(0)
  useEffect(() => {
    const cancel = new AbortController()
    void load(id, cancel.signal).then((value) => {
      if (!cancel.signal.aborted) setState({ id, value })
    })
    return () => cancel.abort()
  }, [id, version, tries])
  const value: DetailState = state.id === id ? state.value : { kind: 'loading' }
  return [value, () => setTries(tries + 1)]
}

async function load(id: string, signal: AbortSignal): Promise<DetailState> {
  try {
    const response = await fetch(`/api/alerts/${encodeURIComponent(id)}`, { signal })
    if (response.status === 404) return { kind: 'missing' }
    if (!response.ok) return { kind: 'failed', reason: `the server answered ${response.status}` }
    return { kind: 'ready', detail: alertDetailSchema.parse(await response.json()) }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : 'no answer' }
  }
}
