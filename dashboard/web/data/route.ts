import { useSyncExternalStore } from 'react'

/** Id of the alert that the address names, or null. */
export function alertIdOf(hash: string): string | null {
  return /^#\/alerts\/([0-9a-f]{1,64})$/.exec(hash)?.[1] ?? null
}

export function hashOf(id: string | null): string {
  return id === null ? '#/alerts' : `#/alerts/${id}`
}

/** Opens an alert, or the list. `replace` leaves no entry in the history: for walking through the list. */
export function navigate(id: string | null, options: { readonly replace?: boolean } = {}): void {
  if (options.replace === true) location.replace(hashOf(id))
  else location.hash = hashOf(id)
}

/** The selected alert; the address is the only place that knows it, so it can be pasted into a chat. */
export function useSelectedId(): string | null {
  return useSyncExternalStore(subscribe, () => alertIdOf(location.hash))
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}
