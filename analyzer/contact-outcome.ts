import { type FlowBatch, tcpFlag } from '../records/flow-batch.ts'

/**
 * What came of the first contact of a flow.
 * - `answered`: the other side took part; `refused`: reset; `unreachable`: an ICMP error came back;
 * - `unanswered`: nothing within 5 s, or by the end of the input;
 * - `stealth`: a first packet that no TCP stack sends (RFC 9293 §3.5): no flags, FIN alone, FIN with PSH and URG;
 * - `not-counted`: nothing can be said of it, see `contactOutcome`.
 */
export type ContactOutcome =
  'answered' | 'refused' | 'unanswered' | 'unreachable' | 'stealth' | 'not-counted'

const tcp = 6
const udp = 17
const icmp = 1
const icmpv6 = 58

/** SYN, ACK, FIN, RST, PSH, URG: without the bits of explicit congestion notification (RFC 3168). */
const judgedFlags =
  tcpFlag.fin | tcpFlag.syn | tcpFlag.rst | tcpFlag.psh | tcpFlag.ack | tcpFlag.urg
const xmasFlags = tcpFlag.fin | tcpFlag.psh | tcpFlag.urg

/** Sources of answers and announcements whose request may have been missed: SSDP, WS-Discovery, mDNS, LLMNR. */
const announcingPorts: ReadonlySet<number> = new Set([1900, 3702, 5353, 5355])

/**
 * Judges the first record of a flow (`isFirst`); later records say nothing about its contact.
 * A TCP flow that begins with a bare ACK, SYN-ACK or RST is the middle of something or the backscatter of a
 * forged source, never a contact. UDP from a port below 1024 or an announcing port is an answer or an announcement.
 * Peers without a key (broadcast, multicast) are never contacts.
 */
export function contactOutcome(batch: FlowBatch, row: number): ContactOutcome {
  if (batch.isFirst[row] === 0 || batch.peer.codes[row]! < 0) return 'not-counted'
  if (batch.protocol[row] === tcp) return tcpOutcome(batch, row)
  return batch.protocol[row] === udp ? udpOutcome(batch, row) : 'not-counted'
}

function tcpOutcome(batch: FlowBatch, row: number): ContactOutcome {
  const first = batch.firstTcpFlags[row]! & judgedFlags
  if (first === 0 || first === tcpFlag.fin || first === xmasFlags) return 'stealth'
  if ((first & tcpFlag.syn) === 0 || (first & (tcpFlag.ack | tcpFlag.rst)) !== 0)
    return 'not-counted'
  const answer = batch.respTcpFlags[row]!
  if ((answer & tcpFlag.syn) !== 0) return 'answered'
  if ((answer & tcpFlag.rst) !== 0) return 'refused'
  if (answer !== 0) return 'answered'
  return batch.isUnreachable[row] === 0 ? 'unanswered' : 'unreachable'
}

function udpOutcome(batch: FlowBatch, row: number): ContactOutcome {
  if (batch.respPackets[row]! > 0) return 'answered'
  const port = batch.origPort[row]!
  if (port < 1024 || announcingPorts.has(port)) return 'not-counted'
  return batch.isUnreachable[row] === 0 ? 'unanswered' : 'unreachable'
}

/** Whether the contact came to nothing. */
export function isFailedContact(outcome: ContactOutcome): boolean {
  return outcome !== 'answered' && outcome !== 'not-counted'
}

/** Whether the flow began with an echo request: type 8 (RFC 792), or 128 (RFC 4443 §4.1). */
export function isEchoRequest(batch: FlowBatch, row: number): boolean {
  if (batch.isFirst[row] === 0 || batch.peer.codes[row]! < 0) return false
  const protocol = batch.protocol[row]
  return (
    (protocol === icmp && batch.origPort[row] === 8) ||
    (protocol === icmpv6 && batch.origPort[row] === 128)
  )
}

/** `tcp`, `udp` or `icmp`; other protocols by number. */
export function protocolName(protocol: number): string {
  if (protocol === tcp) return 'tcp'
  if (protocol === udp) return 'udp'
  return protocol === icmp || protocol === icmpv6 ? 'icmp' : `ip-${protocol}`
}
