import { deserialize, serialize } from 'node:v8'
import { WardwatchError } from '../records/errors.ts'

// A section at rest: `v8.serialize([version, value])`. No bytes at all: the host has dropped this section.

export function encodeSection(version: number, value: unknown): Uint8Array {
  return serialize([version, value])
}

/** Bytes of a section that is no more. */
export const droppedSection = new Uint8Array(0)

/**
 * The value, or null when it was dropped or is of another version.
 * @throws WardwatchError STATE_INCOMPATIBLE when the bytes are not what `encodeSection` writes; retrying is no use.
 */
export function decodeSection(version: number, bytes: Uint8Array): unknown {
  if (bytes.length === 0) return null
  let pair: unknown
  try {
    pair = deserialize(bytes)
  } catch (cause) {
    throw new WardwatchError('STATE_INCOMPATIBLE', 'a section of the state cannot be read', {
      cause,
    })
  }
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new WardwatchError(
      'STATE_INCOMPATIBLE',
      'a section of the state is not a [version, value] pair',
    )
  }
  return pair[0] === version ? pair[1] : null
}
