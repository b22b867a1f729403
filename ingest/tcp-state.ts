import { type ConnState, connStates, tcpFlag } from '../records/flow-batch.ts'

/**
 * Facts about one TCP flow, as bits that are only ever set. Of each side: what it has sent.
 * A pure SYN and a SYN-ACK are told apart, since a side may send both a SYN-ACK and later bare ACKs.
 */
export const tcpFact = {
  origSyn: 1,
  origSynAck: 2,
  origFin: 4,
  origRst: 8,
  origData: 16,
  origOther: 32,
  respSyn: 64,
  respSynAck: 128,
  respFin: 256,
  respRst: 512,
  respData: 1024,
  respOther: 2048,
} as const

/** The fact bits of a side's packet, placed for the originator; the responder's are 6 bits further left. */
const responderShift = 6

/** Facts that one packet adds. */
export function tcpFactsOf(flags: number, payloadBytes: number, isOrig: boolean): number {
  let facts = 0
  if ((flags & tcpFlag.syn) !== 0)
    facts |= (flags & tcpFlag.ack) === 0 ? tcpFact.origSyn : tcpFact.origSynAck
  else if ((flags & tcpFlag.rst) === 0) facts |= tcpFact.origOther
  if ((flags & tcpFlag.fin) !== 0) facts |= tcpFact.origFin
  if ((flags & tcpFlag.rst) !== 0) facts |= tcpFact.origRst
  if (payloadBytes > 0) facts |= tcpFact.origData
  return isOrig ? facts : facts << responderShift
}

/** Both sides agreed to talk: SYN and SYN-ACK were seen, or both sent a SYN (RFC 9293 §3.5, simultaneous open). */
export function isTcpEstablished(facts: number): boolean {
  return (facts & tcpFact.origSyn) !== 0 && (facts & (tcpFact.respSynAck | tcpFact.respSyn)) !== 0
}

/** Nothing more is expected: both sides closed, or one reset. */
export function isTcpClosed(facts: number): boolean {
  if ((facts & (tcpFact.origRst | tcpFact.respRst)) !== 0) return true
  return (facts & tcpFact.origFin) !== 0 && (facts & tcpFact.respFin) !== 0
}

/** Zeek's endpoint states (src/analyzer/protocol/tcp/TCP_Endpoint.h) that its conn_state tells apart. */
type Endpoint =
  'inactive' | 'partial' | 'syn-sent' | 'syn-ack-sent' | 'established' | 'closed' | 'reset'

function endpointOf(facts: number, isEstablished: boolean): Endpoint {
  if ((facts & tcpFact.origRst) !== 0) return 'reset'
  if ((facts & tcpFact.origFin) !== 0) return 'closed'
  if (isEstablished) return 'established'
  if ((facts & tcpFact.origSyn) !== 0) return 'syn-sent'
  if ((facts & tcpFact.origSynAck) !== 0) return 'syn-ack-sent'
  return facts === 0 ? 'inactive' : 'partial'
}

/**
 * Zeek's conn_state of a TCP flow from its facts, in the order of `conn_state()` in
 * scripts/base/protocols/conn/main.zeek.
 */
export function tcpConnState(facts: number): ConnState {
  const isEstablished = isTcpEstablished(facts)
  const orig = endpointOf(facts & 0x3f, isEstablished)
  const resp = endpointOf(facts >> responderShift, isEstablished)
  const isOrigSilent = orig === 'inactive' || orig === 'partial'
  const isRespSilent = resp === 'inactive' || resp === 'partial'
  if (resp === 'reset') {
    const isEmpty = (facts & (tcpFact.origData | tcpFact.respData)) === 0
    const wasRefused = orig === 'syn-sent' || orig === 'syn-ack-sent'
    if (wasRefused || (orig === 'reset' && isEmpty)) return 'REJ'
    return isOrigSilent ? 'RSTRH' : 'RSTR'
  }
  if (orig === 'reset') return isRespSilent ? 'RSTOS0' : 'RSTO'
  if (orig === 'closed' && resp === 'closed') return 'SF'
  if (orig === 'closed') return isRespSilent ? 'SH' : 'S2'
  if (resp === 'closed') return isOrigSilent ? 'SHR' : 'S3'
  if (orig === 'syn-sent' && resp === 'inactive') return 'S0'
  return orig === 'established' && resp === 'established' ? 'S1' : 'OTH'
}

const codeOfFacts = Uint8Array.from({ length: 4096 }, (_, facts) =>
  connStates.indexOf(tcpConnState(facts)),
)

/** Index into `connStates` of a TCP flow. */
export function tcpConnStateCode(facts: number): number {
  return codeOfFacts[facts]!
}

const otherCode = { s0: connStates.indexOf('S0'), sf: connStates.indexOf('SF') }

/** Index into `connStates` of a flow that is not TCP: S0 one way, SF both ways. */
export function otherConnStateCode(isAnswered: boolean): number {
  return isAnswered ? otherCode.sf : otherCode.s0
}
