import { createHash } from 'node:crypto'
import type { AuditEntry } from './audit-store.ts'

/** What a row holds before it is hashed: texts bounded, details as the JSON text that is kept. */
export interface AuditContent extends Omit<AuditEntry, 'details'> {
  readonly sequence: number
  readonly previousHash: string
  readonly detailsJson: string
}

/** What the first row names as the hash before it. */
export const firstHash = '0'.repeat(64)

const textCharactersMax = 512
const detailsBytesMax = 8 * 1024

/**
 * Hash of a row: SHA-256, in hex, of the UTF-8 JSON array
 * `[sequence, previousHash, atMs, by, from, action, object, detailsJson]`. Anybody can compute it again.
 */
export function hashOf(row: AuditContent): string {
  const { sequence, previousHash, atMs, by, from, action, object, detailsJson } = row
  const text = JSON.stringify([sequence, previousHash, atMs, by, from, action, object, detailsJson])
  return createHash('sha256').update(text).digest('hex')
}

/** The entry as it is kept: what a database could change on the way (NUL, half characters) is replaced beforehand. */
export function contentOf(
  entry: AuditEntry,
  place: { readonly sequence: number; readonly previousHash: string },
): AuditContent {
  const { atMs, by, from, action, object, details } = entry
  const json = JSON.stringify(details)
  const bytes = Buffer.byteLength(json)
  return {
    ...place,
    atMs,
    by: bounded(by),
    from: bounded(from),
    action: bounded(action),
    object: bounded(object),
    detailsJson: bytes <= detailsBytesMax ? json : JSON.stringify({ leftOutBytes: bytes }),
  }
}

function bounded(text: string): string {
  return text.slice(0, textCharactersMax).replaceAll('\0', '\ufffd').toWellFormed()
}
