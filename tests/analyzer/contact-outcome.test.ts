import { describe, expect, test } from 'vitest'
import {
  contactOutcome,
  isEchoRequest,
  isFailedContact,
  protocolName,
} from '../../analyzer/contact-outcome.ts'
import { createFlowBatch, type FlowBatch, tcpFlag } from '../../records/flow-batch.ts'

const { syn, ack, fin, rst, psh, urg, ece, cwr } = tcpFlag

interface Contact {
  protocol?: number
  first?: number
  answer?: number
  respPackets?: number
  isUnreachable?: boolean
  origPort?: number
  isFirst?: boolean
  hasPeer?: boolean
}

function batchOf(contact: Contact): FlowBatch {
  const batch = createFlowBatch(1)
  batch.rowCount = 1
  batch.peer.values = ['site|space|ip:10.0.0.2']
  batch.peer.codes[0] = contact.hasPeer === false ? -1 : 0
  batch.isFirst[0] = contact.isFirst === false ? 0 : 1
  batch.protocol[0] = contact.protocol ?? 6
  batch.firstTcpFlags[0] = contact.first ?? 0
  batch.respTcpFlags[0] = contact.answer ?? 0
  batch.respPackets[0] = contact.respPackets ?? (contact.answer === undefined ? 0 : 1)
  batch.isUnreachable[0] = Number(contact.isUnreachable ?? false)
  batch.origPort[0] = contact.origPort ?? 50_000
  return batch
}

describe('the outcome of a first contact', () => {
  test.each<[string, Contact, string]>([
    ['SYN, then SYN-ACK', { first: syn, answer: syn | ack }, 'answered'],
    ['SYN, then SYN-ACK and a later reset', { first: syn, answer: syn | ack | rst }, 'answered'],
    ['SYN, then RST', { first: syn, answer: rst | ack }, 'refused'],
    ['SYN, then a bare ACK (RFC 5961 §4 challenge)', { first: syn, answer: ack }, 'answered'],
    ['SYN alone', { first: syn }, 'unanswered'],
    ['SYN with congestion notification', { first: syn | ece | cwr }, 'unanswered'],
    ['SYN, then an ICMP error', { first: syn, isUnreachable: true }, 'unreachable'],
    ['no flags', { first: 0 }, 'stealth'],
    ['no flags but those of congestion notification', { first: ece }, 'stealth'],
    ['FIN alone', { first: fin }, 'stealth'],
    ['FIN, PSH, URG', { first: fin | psh | urg, answer: rst | ack }, 'stealth'],
    ['FIN-ACK: the end of something', { first: fin | ack }, 'not-counted'],
    ['bare ACK', { first: ack, answer: rst }, 'not-counted'],
    ['SYN-ACK: backscatter', { first: syn | ack }, 'not-counted'],
    ['RST: backscatter', { first: rst }, 'not-counted'],
    ['a later record of a flow', { first: syn, isFirst: false }, 'not-counted'],
    ['SYN to an address without a key', { first: syn, hasPeer: false }, 'not-counted'],
    ['UDP with an answer', { protocol: 17, respPackets: 1 }, 'answered'],
    ['UDP without an answer', { protocol: 17 }, 'unanswered'],
    ['UDP, then an ICMP error', { protocol: 17, isUnreachable: true }, 'unreachable'],
    ['UDP from a port below 1024', { protocol: 17, origPort: 1023 }, 'not-counted'],
    ['UDP from port 1024', { protocol: 17, origPort: 1024 }, 'unanswered'],
    ['SSDP answer', { protocol: 17, origPort: 1900 }, 'not-counted'],
    ['WS-Discovery answer', { protocol: 17, origPort: 3702 }, 'not-counted'],
    ['mDNS', { protocol: 17, origPort: 5353 }, 'not-counted'],
    ['LLMNR answer', { protocol: 17, origPort: 5355 }, 'not-counted'],
    ['ICMP', { protocol: 1, origPort: 8 }, 'not-counted'],
    ['another protocol', { protocol: 47 }, 'not-counted'],
  ])('of %s is right', (_name, contact, outcome) => {
    expect(contactOutcome(batchOf(contact), 0)).toBe(outcome)
  })
})

test('calls failed whatever came to nothing', () => {
  const outcomes = [
    'refused',
    'unanswered',
    'unreachable',
    'stealth',
    'answered',
    'not-counted',
  ] as const
  expect(outcomes.filter(isFailedContact)).toEqual([
    'refused',
    'unanswered',
    'unreachable',
    'stealth',
  ])
})

test.each<[string, Contact, boolean]>([
  ['an ICMP echo request', { protocol: 1, origPort: 8 }, true],
  ['an ICMPv6 echo request', { protocol: 58, origPort: 128 }, true],
  ['an ICMP timestamp request', { protocol: 1, origPort: 13 }, false],
  ['UDP from port 8', { protocol: 17, origPort: 8 }, false],
  ['an echo request to a broadcast address', { protocol: 1, origPort: 8, hasPeer: false }, false],
  ['a later record of a ping', { protocol: 1, origPort: 8, isFirst: false }, false],
])('tells whether %s is one', (_name, contact, isEcho) => {
  expect(isEchoRequest(batchOf(contact), 0)).toBe(isEcho)
})

test('names protocols as peers are shown', () => {
  expect([6, 17, 1, 58, 47].map(protocolName)).toEqual(['tcp', 'udp', 'icmp', 'icmp', 'ip-47'])
})
