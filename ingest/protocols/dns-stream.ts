import type { DecoderOutput, Session } from '../protocol.ts'

/** RFC 1035 §4.1.1: no message is shorter than its header. */
export const headerLength = 12

/** One message, `bytes[start … end)`; valid during the call. */
type OnMessage = (bytes: Uint8Array, start: number, end: number, out: DecoderOutput) => void

/** DNS over TCP (RFC 1035 §4.2.2): each message follows its length, 16 bits. Hands on whole messages of both sides. */
export function createDnsStream(onMessage: OnMessage): Session {
  const sides = [createFramer(onMessage), createFramer(onMessage)] as const
  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      return sides[isOrig ? 1 : 0].read(bytes, start, end, out)
    },
    onGap(_length, isOrig) {
      // Where the next message begins is not to be known.
      sides[isOrig ? 1 : 0].lose()
    },
  }
}

/** What a resolver answers over TCP fits 16 kB; longer messages (zone transfers) are skipped, not kept. */
const messageKeptMax = 16_384

function createFramer(onMessage: OnMessage) {
  let buffer = new Uint8Array(0)
  let kept = 0
  let wanted = 0
  let lengthBytes = 0
  let isLost = false

  /** Takes bytes of the message at hand; where it stopped. */
  function fill(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): number {
    const stop = Math.min(end, start + wanted)
    const room = Math.min(stop - start, messageKeptMax - kept)
    if (kept + room > buffer.length) {
      const grown = new Uint8Array(Math.min(messageKeptMax, Math.max(512, (kept + room) * 2)))
      grown.set(buffer.subarray(0, kept))
      buffer = grown
    }
    buffer.set(bytes.subarray(start, start + room), kept)
    kept += room
    wanted -= stop - start
    if (wanted === 0) {
      onMessage(buffer, 0, kept, out)
      kept = 0
      lengthBytes = 0
    }
    return stop
  }

  return {
    read(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): boolean {
      if (isLost) return true
      let at = start
      while (at < end) {
        if (lengthBytes < 2) {
          wanted = lengthBytes === 0 ? bytes[at]! << 8 : wanted | bytes[at]!
          lengthBytes++
          at++
          if (lengthBytes === 2 && wanted < headerLength) {
            out.reject('dns-bad-length')
            return false
          }
        } else at = fill(bytes, at, end, out)
      }
      return true
    },
    lose: () => void (isLost = true),
  }
}
