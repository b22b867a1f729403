import { ascii, concat, u16, u32 } from '../bytes.ts'
import { arpExchange, type Opening, talk } from '../conversations.ts'
import { exchange, type Exchange } from '../exchange.ts'
import { hashOf } from '../random.ts'
import { icmp, ipFrame, ipProtocol, macBytes, type Station, tcp, udpFrame } from '../packets.ts'

/** Who-has and its answer; nobody answers for an address that is not in use. */
export function addressQuestion(opening: Opening, isAnswered = true): Exchange {
  const { client, server } = opening
  const shape = `arp ${client.ip} ${client.mac} ${server.ip} ${server.mac} ${String(isAnswered)}`
  return exchange({ ...opening, clientPort: 0 }, shape, (at) =>
    arpExchange(at.client, at.server, at.startUs).slice(0, isAnswered ? 2 : 1),
  )
}

/** Time over NTP (RFC 5905 §7.3): 48 bytes each way. */
export function timeQuestion(opening: Opening): Exchange {
  return exchange(opening, 'ntp', ({ client, server, clientPort, startUs }) => {
    const message = (first: number) => concat(Uint8Array.of(first), new Uint8Array(47))
    return [
      { timeUs: startUs, bytes: udpFrame(client, server, clientPort, 123, message(0x23)) },
      { timeUs: startUs + 800, bytes: udpFrame(server, client, 123, clientPort, message(0x24)) },
    ]
  })
}

/** A DHCP client that has a lease asks for more time (RFC 2131 §4.4.5), straight at its server. */
export function leaseRenewal(opening: Opening, name: string, leaseSeconds: number): Exchange {
  const { client, server } = opening
  const shape = `dhcp ${client.ip} ${client.mac} ${server.ip} ${name} ${leaseSeconds}`
  const at = { ...opening, clientPort: 68 }
  return exchange(at, shape, ({ startUs }) => {
    const request = dhcpMessage(1, client, [
      [53, Uint8Array.of(3)],
      [12, ascii(name)],
      [55, Uint8Array.of(1, 3, 6, 15)],
    ])
    const answer = dhcpMessage(2, client, [
      [53, Uint8Array.of(5)],
      [54, addressBytes(server.ip)],
      [51, u32(leaseSeconds)],
      [6, addressBytes(server.ip)],
    ])
    return [
      { timeUs: startUs, bytes: udpFrame(client, server, 68, 67, request) },
      { timeUs: startUs + 2_000, bytes: udpFrame(server, client, 67, 68, answer) },
    ]
  })
}

/** Op 1 from the client, with its address in ciaddr; op 2 from the server, with the same in yiaddr. */
function dhcpMessage(
  op: 1 | 2,
  client: Station,
  options: readonly (readonly [number, Uint8Array])[],
): Uint8Array {
  const address = addressBytes(client.ip)
  const none = new Uint8Array(4)
  return concat(
    Uint8Array.of(op, 1, 6, 0),
    u32(hashOf(client.mac)),
    new Uint8Array(4),
    op === 1 ? address : none,
    op === 2 ? address : none,
    new Uint8Array(8),
    macBytes(client.mac),
    new Uint8Array(10 + 192),
    u32(0x63825363),
    ...options.map(([code, value]) => concat(Uint8Array.of(code, value.length), value)),
    Uint8Array.of(255),
  )
}

function addressBytes(ip: string): Uint8Array {
  return Uint8Array.from(ip.split('.').map(Number))
}

/** What answers a probe of a TCP port: nothing, a reset, or an open port that is reset at once. */
export type ProbeAnswer = 'silence' | 'refusal' | 'open'

/** First packet of a probe, by TCP control bits (RFC 9293 §3.1): SYN, FIN, none, FIN+PSH+URG. */
export const probeFlags = { syn: 2, fin: 1, null: 0, xmas: 0x29 } as const

export function tcpProbe(
  opening: Opening,
  port: number,
  flags: number,
  answer: ProbeAnswer,
): Exchange {
  return exchange(opening, `probe tcp/${port} ${flags} ${answer}`, (at) => {
    const session = talk(at, port, 300).segment(true, flags)
    if (answer === 'refusal') session.refuse()
    if (answer === 'open') session.segment(false, 0x12).segment(true, 4)
    return session.packets
  })
}

/** An empty UDP datagram that nobody answers. */
export function udpProbe(opening: Opening, port: number): Exchange {
  return exchange(opening, `probe udp/${port}`, ({ client, server, clientPort, startUs }) => [
    {
      timeUs: startUs,
      bytes: udpFrame(client, server, clientPort, port, new Uint8Array(0)),
    },
  ])
}

/** An echo request (RFC 792), answered or not. */
export function ping(opening: Opening, isAnswered: boolean): Exchange {
  return exchange(
    { ...opening, clientPort: 0 },
    `ping ${String(isAnswered)}`,
    ({ client, server, startUs }) => {
      const echo = concat(u16(0x1234), u16(1), new Uint8Array(32).fill(0x61))
      const request = ipFrame(client, server, ipProtocol.icmp, icmp(8, 0, echo))
      const reply = ipFrame(server, client, ipProtocol.icmp, icmp(0, 0, echo))
      const packets = [
        { timeUs: startUs, bytes: request },
        { timeUs: startUs + 500, bytes: reply },
      ]
      return packets.slice(0, isAnswered ? 2 : 1)
    },
  )
}

/** A SYN that goes unanswered, sent three times (RFC 6298 §2: after 1 s, then 2 s later). */
export function unansweredConnection(opening: Opening, port: number): Exchange {
  return exchange(opening, `lost tcp/${port}`, ({ client, server, clientPort, startUs }) => {
    const fields = { srcPort: clientPort, dstPort: port, seq: 1000, ack: 0, flags: probeFlags.syn }
    const bytes = ipFrame(client, server, ipProtocol.tcp, tcp(client.ip, server.ip, fields))
    return [0, 1e6, 3e6].map((afterUs) => ({ timeUs: startUs + afterUs, bytes }))
  })
}
