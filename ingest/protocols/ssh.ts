import { secondUs, type TimeUs } from '../../records/time.ts'
import {
  type DecoderOutput,
  type ProtocolDecoder,
  type Session,
  type Verdict,
  verdict,
} from '../protocol.ts'
import { LineReader } from './line-reader.ts'
import { isPrintable, matchesSoFar, startsWith } from './ascii.ts'
import { fieldText, readU32 } from './field.ts'

// RFC 4253 §4.2, first line of each side, at most 255 octets:
//
//   SSH-protoversion-softwareversion SP comments CR LF
//
// A server may send other lines of text before it ("Exceeded MaxStartups" instead of it).
//
// §6, binary packets after it, in clear until SSH_MSG_NEWKEYS:
//
//   | packet_length: 32 | padding_length: 8 | payload: packet_length − padding_length − 1 | padding |
//   payload: | message: 8 | …      §12: 20 SSH_MSG_KEXINIT, 21 SSH_MSG_NEWKEYS

const message = { kexInit: 20, newKeys: 21 } as const
const bannerMax = 255
const linesBeforeMax = 32
const lineBeforeMax = 1024
/** A server's text that is looked through for its banner before another protocol may have the flow. */
const textProbedMax = 1024
/** RFC 4253 §6.1 asks for 35,000; OpenSSH takes 256 kB. */
const packetMax = 262_144

/**
 * Encrypted bytes of both sides from which on a login has succeeded: encryption hides the answer itself. Measured on
 * OpenSSH 9.2 with four key exchanges: a refused key 756, a refused password 860, both 1,076; a command that says nothing
 * 2,604. Zeek's and Slips' rules take 4,290 bytes with the key exchange, which alone has 4,994 since it is post-quantum.
 */
const successBytesMin = 1600
/** A connection that lasts longer without reaching that size is neither: someone sits at the prompt. */
const failureUsMax = 10 * secondUs

/** SSH on any port: a `hello` with both banners, then one `login` per connection (docs/formats/ssh.md). */
export const ssh: ProtocolDecoder = {
  service: 'ssh',
  transport: 'tcp',
  probe(bytes, start, end, isOrig) {
    if (!matchesSoFar(bytes, start, end, 'SSH-')) {
      return isOrig ? verdict.no : probeText(bytes, start, end)
    }
    if (end - start < 5) return verdict.more
    const version = bytes[start + 4]!
    return version === 0x31 || version === 0x32 ? verdict.yes : verdict.no
  },
  open: createSshSession,
}

/** Lines before a server's banner; the client, or a line that is the banner, decides. */
function probeText(bytes: Uint8Array, start: number, end: number): Verdict {
  if (end - start > textProbedMax) return verdict.no
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte === 0x0a && i + 1 < end && startsWith(bytes, i + 1, end, 'SSH-')) return verdict.yes
    if (!isPrintable(byte) && byte !== 0x0d && byte !== 0x0a) return verdict.no
  }
  return verdict.more
}

function createSshSession(): Session {
  const sides = [createSide(), createSide()] as const
  let isHelloTold = false
  let isLoginTold = false
  let lastDataUs: TimeUs = 0

  function tellHello(out: DecoderOutput): void {
    const [server, client] = [sides[0].banner(), sides[1].banner()]
    if (isHelloTold || (server === null && client === null)) return
    isHelloTold = true
    const names = { ...(client === null ? {} : { client }), ...(server === null ? {} : { server }) }
    const version = versionOf(client ?? server)
    out.emit({ service: 'ssh', event: 'hello', ...names, ...(version === null ? {} : { version }) })
  }

  /** Both sides have agreed on keys; what follows is encrypted authentication. */
  function isKeyed(): boolean {
    return (
      sides[0].hasKexInit() &&
      sides[1].hasKexInit() &&
      (sides[0].isEncrypted() || sides[1].isEncrypted())
    )
  }

  function tellSuccess(out: DecoderOutput): void {
    const encrypted = sides[0].encryptedBytes() + sides[1].encryptedBytes()
    if (isLoginTold || encrypted < successBytesMin || !isKeyed()) return
    isLoginTold = true
    tellHello(out)
    out.emit({ service: 'ssh', event: 'login', outcome: 'success', reason: 'size' })
  }

  return {
    onData(bytes, start, end, isOrig, flow, out) {
      const fault = sides[isOrig ? 1 : 0].read(bytes, start, end)
      if (fault !== null) out.reject(fault)
      lastDataUs = flow.timeUs
      if (sides[0].banner() !== null && sides[1].banner() !== null) tellHello(out)
      tellSuccess(out)
      if (isLoginTold) return false
      if (!sides[0].isOver() || !sides[1].isOver()) return true
      // Neither side can be followed any more: what is known is told now.
      tellHello(out)
      return false
    },
    onGap(length, isOrig, _flow, out) {
      sides[isOrig ? 1 : 0].skip(length)
      tellSuccess(out)
    },
    onEnd(flow, out) {
      tellHello(out)
      if (isLoginTold || !isKeyed()) return
      // The time of the last payload, not of the end: an idle flow is ended late.
      const isShort = lastDataUs - flow.startUs < failureUsMax
      const judged = isShort ? failedBySize : undecided
      out.emit({ service: 'ssh', event: 'login', ...judged })
    },
  }
}

const failedBySize = { outcome: 'failure', reason: 'size' } as const
const undecided = { outcome: 'unknown', reason: 'duration' } as const

/** `2.0` of `SSH-2.0-OpenSSH_9.6`. */
function versionOf(banner: string | null): string | null {
  return banner?.split('-')[1] ?? null
}

/** `unread`: SSH 1, which frames its packets differently. */
type Phase = 'banner' | 'packets' | 'encrypted' | 'unread' | 'broken'

/** One side: its banner, then its packets in clear up to its new keys. Keeps the banner and one header. */
function createSide() {
  const line = new LineReader(bannerMax)
  let phase: Phase = 'banner'
  let banner: string | null = null
  let linesBefore = 0
  let sawKexInit = false
  // Header of the packet at hand: packet_length, padding_length, message.
  const header = new Uint8Array(6)
  let headerBytes = 0
  let packetLeft = 0
  let encryptedBytes = 0

  function readBanner(bytes: Uint8Array, start: number, end: number): number {
    const stop = line.read(bytes, start, end)
    if (line.isComplete) {
      const lineEnd = line.start + line.length
      if (startsWith(line.bytes, line.start, lineEnd, 'SSH-')) {
        banner = fieldText(line.bytes, line.start, lineEnd, bannerMax)
        phase = banner.startsWith('SSH-1.') && !banner.startsWith('SSH-1.99') ? 'unread' : 'packets'
      } else if (++linesBefore > linesBeforeMax) phase = 'broken'
    }
    if (line.totalLength > lineBeforeMax) phase = 'broken'
    return stop
  }

  /** @returns where it stopped; moves on to `encrypted` or `broken`. */
  function readPackets(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end) {
      if (packetLeft > 0) {
        const skipped = Math.min(packetLeft, end - at)
        packetLeft -= skipped
        at += skipped
        continue
      }
      header[headerBytes++] = bytes[at++]!
      if (headerBytes < 6) continue
      headerBytes = 0
      const length = readU32(header, 0)
      if (length < 2 || length > packetMax || header[4]! >= length) {
        phase = 'broken'
        return end
      }
      packetLeft = length - 2
      if (header[5] === message.kexInit) sawKexInit = true
      if (header[5] === message.newKeys) {
        phase = 'encrypted'
        encryptedBytes = Math.max(0, end - at - packetLeft)
        return end
      }
    }
    return at
  }

  return {
    /** Null until the whole line has been seen. */
    banner: () => banner,
    hasKexInit: () => sawKexInit,
    isEncrypted: () => phase === 'encrypted',
    /** After its new keys, as far as they are told from what stands before. */
    encryptedBytes: () => encryptedBytes,
    isOver: () => phase === 'broken' || phase === 'unread',
    /** @returns the cause of a fault when this call found one. */
    read(bytes: Uint8Array, start: number, end: number): string | null {
      const before = phase
      if (phase === 'encrypted') encryptedBytes += end - start
      let at = start
      while (at < end && (phase === 'banner' || phase === 'packets')) {
        at = phase === 'banner' ? readBanner(bytes, at, end) : readPackets(bytes, at, end)
      }
      if (phase !== 'broken' || before === 'broken') return null
      return banner === null ? 'ssh-bad-banner' : 'ssh-bad-packet'
    },
    /** Bytes that were not captured: inside a packet they are skipped, else the place of the next is lost. */
    skip(length: number): void {
      if (phase === 'encrypted') encryptedBytes += length
      else if (phase === 'packets' && packetLeft >= length) packetLeft -= length
      // What is lost after the key exchange began may be the new keys: more bytes than that are encrypted.
      else if (phase === 'packets' && sawKexInit) {
        phase = 'encrypted'
        encryptedBytes = length
      } else if (phase === 'packets' || phase === 'banner') phase = 'broken'
    },
  }
}
