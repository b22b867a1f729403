import type { TimeUs } from '../records/time.ts'
import { ascii, concat } from './bytes.ts'
import { arpFrame, type Packet, type Station, udpFrame } from './packets.ts'
import { createTcpTalk } from './tcp-talk.ts'

// Whole conversations between two stations, each with the bytes its protocol really has on the wire.

/** A client's side of a conversation: who opens it, from which port, when. */
export interface Opening {
  readonly client: Station
  readonly server: Station
  readonly clientPort: number
  readonly startUs: TimeUs
}

/** A TCP connection of this opening to `port`. */
export function talk(opening: Opening, port: number, stepUs = 2_000) {
  const { client, server, clientPort, startUs } = opening
  return createTcpTalk({ ...client, port: clientPort }, { ...server, port }, { startUs, stepUs })
}

/** DNS query for an A record and its answer (RFC 1035 §4.1), over UDP. */
export function dnsLookup(opening: Opening, name: string, address: string): Packet[] {
  const { client, server, clientPort, startUs } = opening
  const question = concat(dnsName(name), Uint8Array.of(0, 1, 0, 1))
  const header = (flags: number, answers: number) =>
    Uint8Array.of(0x12, 0x34, flags, 0x80, 0, 1, 0, answers, 0, 0, 0, 0)
  const answer = concat(
    Uint8Array.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4),
    Uint8Array.from(address.split('.').map(Number)),
  )
  const query = concat(Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), question)
  const reply = concat(header(0x81, 1), question, answer)
  return [
    { timeUs: startUs, bytes: udpFrame(client, server, clientPort, 53, query) },
    { timeUs: startUs + 1_500, bytes: udpFrame(server, client, 53, clientPort, reply) },
  ]
}

function dnsName(name: string): Uint8Array {
  const labels = name.split('.').map((label) => concat(Uint8Array.of(label.length), ascii(label)))
  return concat(...labels, Uint8Array.of(0))
}

/** HL7 v2 over MLLP: each message framed by 0x0B … 0x1C 0x0D and acknowledged, one every `everyUs`. */
export function hl7Messages(
  opening: Opening,
  sender: { readonly application: string; readonly facility: string },
  count: number,
  everyUs: number,
): Packet[] {
  const session = talk(opening, 2575).open()
  for (let i = 1; i <= count; i++) {
    const due = opening.startUs + i * everyUs
    if (due > session.now()) session.wait(due - session.now())
    const control = `W${String(i).padStart(6, '0')}`
    const head = (from: string, to: string, type: string) =>
      `MSH|^~\\&|${from}|${to}|20260101120000||${type}|${control}|P|2.6\r`
    const names = `${sender.application}|${sender.facility}`
    const observation = 'OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||72|/min|||||F\r'
    session.send(mllp(head(names, 'ENGINE|HOSPITAL', 'ORU^R01') + observation))
    session.answer(mllp(head('ENGINE|HOSPITAL', names, 'ACK^R01') + `MSA|AA|${control}\r`))
  }
  return session.close().packets
}

function mllp(message: string): string {
  return `\x0b${message}\x1c\r`
}

/** Telnet login dialogue (RFC 854, plain text): `failures` refused pairs, then one accepted if asked. */
export function telnetLogins(
  opening: Opening,
  failures: number,
  endsWithSuccess: boolean,
): Packet[] {
  const session = talk(opening, 23, 20_000).open()
  session.answer('\r\nlogin: ')
  for (let i = 0; i < failures; i++) {
    session.send('root\r\n').answer('Password: ').send(`guess${i}\r\n`)
    session.answer('\r\nLogin incorrect\r\nlogin: ')
  }
  if (endsWithSuccess) {
    session.send('root\r\n').answer('Password: ').send('letmein\r\n')
    session.answer('\r\nBusyBox v1.12.1 built-in shell (ash)\r\n# ')
  }
  return session.close().packets
}

/** Bytes that look like nothing in particular. */
export function filler(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 167 + 13) & 0xff)
}

/** TLS ClientHello with a server name (RFC 8446 §4.1.2, RFC 6066 §3), an answer, and data both ways. */
export function tlsSession(
  opening: Opening,
  name: string,
  bytes: number,
  sentBytes = 200,
): Packet[] {
  const session = talk(opening, 443).open()
  session
    .send(clientHello(name))
    .answer(tlsRecord(0x16, concat(Uint8Array.of(2, 0, 0, 40), new Uint8Array(40))))
  return session
    .send(tlsRecord(0x17, filler(sentBytes)))
    .answer(tlsRecord(0x17, filler(bytes)))
    .close().packets
}

function clientHello(name: string): Uint8Array {
  const host = ascii(name)
  const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff)
  const serverName = concat(u16(host.length + 3), Uint8Array.of(0), u16(host.length), host)
  const extensions = concat(
    concat(u16(0), u16(serverName.length), serverName),
    Uint8Array.of(0, 43, 0, 3, 2, 3, 4),
  )
  const body = concat(
    Uint8Array.of(3, 3),
    filler(32),
    Uint8Array.of(0, 0, 2, 0x13, 0x01, 1, 0),
    u16(extensions.length),
    extensions,
  )
  return tlsRecord(0x16, concat(Uint8Array.of(1, 0, body.length >> 8, body.length & 0xff), body))
}

/** Records of at most 16,384 bytes (RFC 8446 §5.1). */
function tlsRecord(type: number, body: Uint8Array): Uint8Array {
  const records: Uint8Array[] = []
  for (let at = 0; at < body.length; at += 16_384) {
    const part = body.subarray(at, at + 16_384)
    records.push(Uint8Array.of(type, 3, 3, part.length >> 8, part.length & 0xff), part)
  }
  return concat(...records)
}

/** SYN to each port in turn, refused with a reset. */
export function portSweep(opening: Opening, ports: readonly number[], everyUs: number): Packet[] {
  return ports.flatMap(
    (port, i) =>
      talk(
        { ...opening, clientPort: opening.clientPort + i, startUs: opening.startUs + i * everyUs },
        port,
        300,
      )
        .syn()
        .refuse().packets,
  )
}

/** Who-has and its answer (RFC 826). */
export function arpExchange(asker: Station, owner: Station, startUs: TimeUs): Packet[] {
  return [
    { timeUs: startUs, bytes: arpFrame(1, asker, { ip: owner.ip }) },
    { timeUs: startUs + 300, bytes: arpFrame(2, owner, asker) },
  ]
}
