import { tcpFlag } from '../records/flow-batch.ts'
import type { TimeUs } from '../records/time.ts'
import { ascii } from './bytes.ts'
import { ipFrame, ipProtocol, type Packet, type Station, tcp } from './packets.ts'

/** One TCP connection played packet by packet; every step takes `stepUs` of event time. */
export function createTcpTalk(
  client: Station & { readonly port: number },
  server: Station & { readonly port: number },
  options: { readonly startUs: TimeUs; readonly stepUs?: number },
) {
  const packets: Packet[] = []
  const sequence = { orig: 1000, resp: 5000 }
  const step = options.stepUs ?? 1000
  let timeUs = options.startUs
  const segment = (isOrig: boolean, flags: number, payload?: Uint8Array) => {
    const [from, to] = isOrig ? [client, server] : [server, client]
    const [seq, ack] = isOrig ? [sequence.orig, sequence.resp] : [sequence.resp, sequence.orig]
    const fields = {
      srcPort: from.port,
      dstPort: to.port,
      seq,
      ack: (flags & tcpFlag.ack) === 0 ? 0 : ack,
      flags,
    }
    const bytes = ipFrame(
      from,
      to,
      ipProtocol.tcp,
      tcp(from.ip, to.ip, payload === undefined ? fields : { ...fields, payload }),
    )
    packets.push({ timeUs, bytes })
    timeUs += step
    sequence[isOrig ? 'orig' : 'resp'] +=
      (payload?.length ?? 0) + ((flags & (tcpFlag.syn | tcpFlag.fin)) === 0 ? 0 : 1)
  }
  const talk = {
    packets,
    /** Event time of the next packet. */
    now: () => timeUs,
    wait: (us: number) => {
      timeUs += us
      return talk
    },
    segment: (isOrig: boolean, flags: number, payload?: Uint8Array) => {
      segment(isOrig, flags, payload)
      return talk
    },
    syn: () => talk.segment(true, tcpFlag.syn),
    open: () =>
      talk
        .syn()
        .segment(false, tcpFlag.syn | tcpFlag.ack)
        .segment(true, tcpFlag.ack),
    refuse: () => talk.segment(false, tcpFlag.rst | tcpFlag.ack),
    /** Payload of the client, in segments of at most 1,400 bytes. */
    send: (payload: Uint8Array | string) => {
      inSegments(payload, (part) => segment(true, tcpFlag.psh | tcpFlag.ack, part))
      return talk
    },
    /** Payload of the server. */
    answer: (payload: Uint8Array | string) => {
      inSegments(payload, (part) => segment(false, tcpFlag.psh | tcpFlag.ack, part))
      return talk
    },
    close: () =>
      talk
        .segment(true, tcpFlag.fin | tcpFlag.ack)
        .segment(false, tcpFlag.fin | tcpFlag.ack)
        .segment(true, tcpFlag.ack),
    reset: (isOrig = true) => talk.segment(isOrig, tcpFlag.rst | tcpFlag.ack),
  }
  return talk
}

function inSegments(payload: Uint8Array | string, write: (part: Uint8Array) => void): void {
  const bytes = typeof payload === 'string' ? ascii(payload) : payload
  for (let at = 0; at < bytes.length; at += 1400) write(bytes.subarray(at, at + 1400))
}
