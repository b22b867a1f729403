import { useMemo, useSyncExternalStore } from 'react'

/** Which page the address names, and what it says beside: filters, time range. Nothing else knows them. */
export type Route = (
  | { readonly page: 'alerts'; readonly id: string | null }
  | { readonly page: 'devices' }
  | { readonly page: 'device'; readonly key: string }
  | { readonly page: 'sensors' }
  | { readonly page: 'account' }
) & { readonly params: Params }

export type Params = Readonly<Record<string, string>>

const alertId = /^[0-9a-f]{1,64}$/

/** What an address means; one that names nothing means the list of alerts. */
export function parseRoute(hash: string): Route {
  const [path, query = ''] = splitOnce(hash.replace(/^#/, ''), '?')
  const params = Object.fromEntries(new URLSearchParams(query))
  const [, page = '', part = ''] = path.split('/')
  const named = decoded(part)
  switch (page) {
    case 'devices':
      return named === null || named === ''
        ? { page: 'devices', params }
        : { page: 'device', key: named, params }
    case 'sensors':
    case 'account':
      return { page, params }
    default:
      return { page: 'alerts', id: named !== null && alertId.test(named) ? named : null, params }
  }
}

/** The address of a page. */
export function hrefOf(
  to: { readonly page: Route['page']; readonly id?: string | null; readonly key?: string },
  params: Params = {},
): string {
  const part = to.page === 'device' ? to.key : to.id
  const path = to.page === 'device' ? 'devices' : to.page
  const query = new URLSearchParams(params).toString()
  return `#/${path}${part ? `/${encodeURIComponent(part)}` : ''}${query === '' ? '' : `?${query}`}`
}

/** Address of an alert, or of the list; the filters of the list come along. */
export function alertHref(id: string | null, params: Params = {}): string {
  return hrefOf({ page: 'alerts', id }, params)
}

export function deviceHref(key: string): string {
  return hrefOf({ page: 'device', key })
}

/** Goes to an address. `replace` leaves no entry in the history: for walking through a list, and for typing. */
export function goTo(href: string, options: { readonly replace?: boolean } = {}): void {
  if (options.replace === true) location.replace(href)
  else location.hash = href
}

/** The address with other parameters; null takes one away. */
export function withParams(hash: string, changes: Readonly<Record<string, string | null>>): string {
  const [path, query = ''] = splitOnce(hash === '' ? '#/alerts' : hash, '?')
  const params = new URLSearchParams(query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? path : `${path}?${text}`
}

export function setParams(changes: Readonly<Record<string, string | null>>): void {
  location.replace(withParams(location.hash, changes))
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => parseRoute(hash), [hash])
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

function splitOnce(text: string, by: string): [string, string?] {
  const at = text.indexOf(by)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** Null for an escape that stands for nothing. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
