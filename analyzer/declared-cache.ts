import { type HostKey, parseHostKey } from '../records/observation.ts'
import type { DeclaredHost, DeclaredPolicy } from './detector.ts'

/** Hosts remembered; when it is full, all are forgotten: they are only looked up again. */
const entriesMax = 65_536

/**
 * What is declared of a counterpart, remembered by key: it is asked for at every new contact, and parsing the key and
 * matching networks was a tenth of the engine's time. Only address keys are remembered: a lease's address may change.
 */
export function createDeclaredCache(
  policy: DeclaredPolicy,
): (key: HostKey, address: string | null) => DeclaredHost {
  const known = new Map<HostKey, DeclaredHost>()
  return (key, address) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const parts = parseHostKey(key)
    const declared = policy.hostOf(parts, address ?? parts.address)
    if (parts.address === null || (address !== null && address !== parts.address)) return declared
    if (known.size >= entriesMax) known.clear()
    known.set(key, declared)
    return declared
  }
}
