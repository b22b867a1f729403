import { describe, expect, test } from 'vitest'
import { connStates, tcpFlag } from '../../records/flow-batch.ts'
import { isTcpClosed, tcpConnState, tcpConnStateCode, tcpFactsOf } from '../../ingest/tcp-state.ts'

const { syn, ack, fin, rst, psh } = tcpFlag

/** Packets as `o:S r:SA`: side, control bits; `D` is payload. */
function factsOf(packets: string): number {
  const bits: Record<string, number> = { S: syn, A: ack, F: fin, R: rst, P: psh, D: 0 }
  return packets
    .split(' ')
    .filter((packet) => packet !== '')
    .reduce((facts, packet) => {
      const flags = Array.from(packet.slice(2)).reduce((sum, letter) => sum | bits[letter]!, 0)
      return facts | tcpFactsOf(flags, packet.includes('D') ? 100 : 0, packet.startsWith('o'))
    }, 0)
}

describe('tcpConnState', () => {
  test.each([
    ['an attempt without an answer', 'o:S', 'S0'],
    ['a retransmitted attempt', 'o:S o:S', 'S0'],
    ['an established connection', 'o:S r:SA o:A', 'S1'],
    ['established before the last step of the handshake', 'o:S r:SA', 'S1'],
    ['a simultaneous open', 'o:S r:S', 'S1'],
    ['a normal close', 'o:S r:SA o:A o:FA r:FA o:A', 'SF'],
    ['a close of the originator only', 'o:S r:SA o:A o:FA r:A', 'S2'],
    ['a close of the responder only', 'o:S r:SA o:A r:FA o:A', 'S3'],
    ['a refused attempt', 'o:S r:RA', 'REJ'],
    ['a reset by the originator', 'o:S r:SA o:A o:R', 'RSTO'],
    ['a half-open scan of an open port', 'o:S r:SA o:R', 'RSTO'],
    ['a reset by the responder', 'o:S r:SA o:A o:DA r:RA', 'RSTR'],
    ['a reset of the originator without an answer', 'o:S o:R', 'RSTOS0'],
    ['a SYN-ACK and a reset of the responder, the originator never seen', 'r:SA r:R', 'RSTRH'],
    ['a SYN and a FIN without an answer', 'o:S o:F', 'SH'],
    ['a SYN-ACK and a FIN of the responder, the originator never seen', 'r:SA r:FA', 'SHR'],
    ['a connection met in its middle', 'o:DA r:DA', 'OTH'],
    ['a connection met in its middle that closes', 'o:DA r:DA o:FA r:FA', 'SF'],
    ['a lone SYN-ACK', 'r:SA', 'OTH'],
    ['a NULL probe', 'o:', 'OTH'],
    ['a NULL probe that is refused', 'o: r:RA', 'RSTRH'],
    ['a FIN probe without an answer', 'o:F', 'SH'],
    ['a FIN probe that is refused', 'o:F r:RA', 'RSTR'],
    ['both reset without a byte', 'o:S r:SA o:R r:R', 'REJ'],
    ['both reset after payload', 'o:S r:SA o:DA o:R r:R', 'RSTR'],
    ['no packet', '', 'OTH'],
  ])('%s is %s → %s', (_name, packets, state) => {
    expect(tcpConnState(factsOf(packets))).toBe(state)
    expect(connStates[tcpConnStateCode(factsOf(packets))]).toBe(state)
  })

  test('never depends on the order of packets, only on what each side has sent', () => {
    expect(factsOf('r:FA o:A o:S o:FA r:SA')).toBe(factsOf('o:S r:SA o:A o:FA r:FA'))
  })
})

describe('isTcpClosed', () => {
  test.each([
    ['o:S r:SA o:A', false],
    ['o:S r:SA o:FA', false],
    ['o:S r:SA o:FA r:FA', true],
    ['o:S r:RA', true],
    ['o:S r:SA o:R', true],
  ])('%s → %s', (packets, isClosed) => {
    expect(isTcpClosed(factsOf(packets))).toBe(isClosed)
  })
})
