import { z } from 'zod'
import { WardwatchError } from './errors.ts'

/**
 * One message of the `alerts` topic: rows up to `revision` are in the store. It carries no row: a reader asks the store
 * for what changed since the revision it knows, so a lost or repeated wake-up costs nothing.
 */
export const wakeUpSchema = z.object({ revision: z.number().int().min(1) })
export type WakeUp = z.infer<typeof wakeUpSchema>

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder()

export function encodeWakeUp(wakeUp: WakeUp): Uint8Array {
  return utf8Encoder.encode(JSON.stringify(wakeUp))
}

/** @throws WardwatchError RECORD_MALFORMED: skip the message; the next one says more. */
export function decodeWakeUp(bytes: Uint8Array): WakeUp {
  try {
    return wakeUpSchema.parse(JSON.parse(utf8Decoder.decode(bytes)))
  } catch (cause) {
    throw new WardwatchError('RECORD_MALFORMED', 'not a wake-up of the alerts topic', { cause })
  }
}
