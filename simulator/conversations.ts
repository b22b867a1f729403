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

export interface DicomTitles {
  readonly calling: string
  readonly called: string
}

/** A DICOM association that is refused (PS3.8 §9.3.4): calling AE title not recognised, permanently. */
export function dicomRefusal(opening: Opening, titles: DicomTitles): Packet[] {
  const session = talk(opening, 11112).open()
  session.send(associatePdu(1, titles)).answer(pdu(3, Uint8Array.of(0, 1, 1, 3)))
  return session.close().packets
}

/** DICOM association (PS3.8 §9.3): request and acceptance for one SOP class, C-ECHO left out, release, close. */
export function dicomAssociation(
  opening: Opening,
  titles: DicomTitles,
  payloadBytes = 0,
): Packet[] {
  const session = talk(opening, 11112).open()
  session.send(associatePdu(1, titles)).answer(associatePdu(2, titles))
  if (payloadBytes > 0) session.send(pdu(4, new Uint8Array(payloadBytes)))
  session.send(pdu(5, new Uint8Array(4))).answer(pdu(6, new Uint8Array(4)))
  return session.close().packets
}

function pdu(type: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(6)
  head[0] = type
  new DataView(head.buffer).setUint32(2, body.length)
  return concat(head, body)
}

function item(type: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type, 0, body.length >> 8, body.length & 0xff), body)
}

function associatePdu(type: 1 | 2, titles: DicomTitles): Uint8Array {
  const isRequest = type === 1
  const context = isRequest
    ? concat(Uint8Array.of(1, 0, 0, 0), item(0x30, ascii('1.2.840.10008.1.1')), transferSyntax())
    : concat(Uint8Array.of(1, 0, 0, 0), transferSyntax())
  const user = concat(
    item(0x51, Uint8Array.of(0, 0, 0x40, 0)),
    item(0x52, ascii('1.2.276.0.7230010.3.0.3.6.7')),
    item(0x55, ascii('OFFIS_DCMTK_367')),
  )
  const fixed = concat(
    Uint8Array.of(0, 1, 0, 0),
    ascii(titles.called.padEnd(16)),
    ascii(titles.calling.padEnd(16)),
    new Uint8Array(32),
  )
  const items = [
    item(0x10, ascii('1.2.840.10008.3.1.1.1')),
    item(isRequest ? 0x20 : 0x21, context),
    item(0x50, user),
  ]
  return pdu(type, concat(fixed, ...items))
}

function transferSyntax(): Uint8Array {
  return item(0x40, ascii('1.2.840.10008.1.2'))
}

/** SSH version exchange, key exchange and an encrypted session of `bytes`; contents are filler of the right shape. */
export function sshSession(opening: Opening, bytes: number): Packet[] {
  const session = talk(opening, 22).open()
  session.answer('SSH-2.0-dropbear_2014.63\r\n').send('SSH-2.0-OpenSSH_9.2\r\n')
  session.send(sshPacket(20, 600)).answer(sshPacket(20, 500))
  session
    .send(sshPacket(30, 40))
    .answer(sshPacket(31, 200))
    .send(sshPacket(21, 1))
    .answer(sshPacket(21, 1))
  const half = Math.ceil(bytes / 2)
  return session.send(filler(half)).answer(filler(half)).close().packets
}

/** RFC 4253 §6: packet length, padding length, message number and body, padding. */
function sshPacket(message: number, bodyLength: number): Uint8Array {
  const padding = 8 - ((6 + bodyLength) % 8) + 4
  const packet = new Uint8Array(6 + bodyLength + padding)
  new DataView(packet.buffer).setUint32(0, 2 + bodyLength + padding)
  packet[4] = padding
  packet[5] = message
  return packet
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
