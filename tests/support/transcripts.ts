import { ascii, concat } from '../../simulator/bytes.ts'
import type { Piece } from './talk.ts'

/** Never in a summary, whatever protocol it was typed into. */
export const secret = 'hunter2-planted'

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255)
const u24 = (value: number) => Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255)
const u32 = (value: number) => concat(u16(value >>> 16), u16(value & 0xffff))

/** A binary packet of RFC 4253 §6 in clear. */
export function sshPacket(message: number, length: number): Uint8Array {
  const padding = 4
  const payload = new Uint8Array(length)
  payload[0] = message
  return concat(u32(1 + length + padding), Uint8Array.of(padding), payload, new Uint8Array(padding))
}

/** An SSH connection with keys agreed and then `encryptedBytes` from each side. */
export function sshTalk(encryptedBytes: number): Piece[] {
  return [
    ['client', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['server', 'SSH-2.0-dropbear_2022.83\r\n'],
    ['client', sshPacket(20, 400)],
    ['server', sshPacket(20, 400)],
    ['client', sshPacket(30, 40)],
    ['server', concat(sshPacket(31, 300), sshPacket(21, 1))],
    ['client', concat(sshPacket(21, 1), new Uint8Array(encryptedBytes).fill(0xe5))],
    ['server', new Uint8Array(encryptedBytes).fill(0xa7)],
  ]
}

/** Parts of a TLS extension: type, length, data. */
function extension(type: number, data: Uint8Array): Uint8Array {
  return concat(u16(type), u16(data.length), data)
}

export interface HelloFields {
  readonly name?: string
  readonly alpn?: readonly string[]
  readonly versions?: readonly number[]
  /** Longest record fragment. */
  readonly fragment?: number
}

/** A TLS ClientHello in as many records as `fragment` asks for (RFC 8446 §4.1.2, §5.1). */
export function clientHello(fields: HelloFields): Uint8Array {
  const extensions: Uint8Array[] = []
  if (fields.name !== undefined) {
    const name = ascii(fields.name)
    const entry = concat(Uint8Array.of(0), u16(name.length), name)
    extensions.push(extension(0, concat(u16(entry.length), entry)))
  }
  if (fields.alpn !== undefined) {
    const names = concat(...fields.alpn.map((p) => concat(Uint8Array.of(p.length), ascii(p))))
    extensions.push(extension(16, concat(u16(names.length), names)))
  }
  if (fields.versions !== undefined) {
    const list = concat(...fields.versions.map(u16))
    extensions.push(extension(43, concat(Uint8Array.of(list.length), list)))
  }
  const all = concat(...extensions)
  const body = concat(
    u16(0x0303),
    new Uint8Array(32).fill(7),
    Uint8Array.of(0),
    u16(4),
    u16(0x1301),
    u16(0xc02f),
    Uint8Array.of(1, 0),
    u16(all.length),
    all,
  )
  const handshake = concat(Uint8Array.of(1), u24(body.length), body)
  const records: Uint8Array[] = []
  const size = fields.fragment ?? handshake.length
  for (let at = 0; at < handshake.length; at += size) {
    const part = handshake.subarray(at, at + size)
    records.push(concat(Uint8Array.of(22, 3, 1), u16(part.length), part))
  }
  return concat(...records)
}

const basic = Buffer.from(`nurse:${secret}`).toString('base64')

/** One connection of each text protocol, with what it holds that may be told and the secret that may not. */
export const transcripts: Readonly<Record<string, readonly Piece[]>> = {
  ftp: [
    ['server', '220-Welcome\r\n 220 not yet\r\n220 pump FTP\r\n'],
    ['client', `USER ${secret}\r\n`],
    ['server', '331 Password required\r\n'],
    ['client', `PASS ${secret}\r\n`],
    ['server', '530-Sorry\r\n530 Login incorrect.\r\n'],
    ['client', `USER ${secret}\r\nPASS ${secret}\r\n`],
    ['server', '331 go on\r\n230 in\r\n'],
    ['client', `PASS ${secret}\r\n`],
  ],
  telnet: [
    ['server', Uint8Array.of(255, 253, 1, 255, 251, 3)],
    ['server', 'Last failed login: none\r\npump login: '],
    ['client', Uint8Array.of(255, 252, 1)],
    ['client', `${secret}\r\n`],
    ['server', `${secret}\r\nPassword: `],
    ['client', `${secret}\r\n`],
    ['server', '\r\nLogin incorrect\r\npump login: '],
    ['client', `${secret}\r\0`],
    ['server', `${secret}\r\nPassword: `],
    ['client', `${secret}\r\0`],
    ['server', '\r\npump login: '],
    ['client', 'root\r\n'],
    ['server', 'root\r\nPassword: '],
    ['client', `${secret}\r\n`],
    ['server', '\r\nLast login: Mon Mar 2\r\nBusyBox\r\n# '],
  ],
  http: [
    [
      'client',
      `GET /Patient/${secret}?q=${secret} HTTP/1.1\r\nHost: x:${secret}@ehr.example\r\nUser-Agent: pump/1\r\nAuthorization: Basic ${basic}\r\nCookie: s=${secret}\r\n\r\n`,
    ],
    [
      'server',
      `HTTP/1.1 401 Unauthorized\r\nServer: iis\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 5\r\n\r\nHTTP/`,
    ],
    [
      'client',
      `POST / HTTP/1.1\r\nhost: EHR.example\r\nTransfer-Encoding: chunked\r\nAuthorization: Basic ${basic}\r\n\r\n5;x=1\r\nHTTP/\r\n0\r\nT: ${secret}\r\n\r\nHEAD /next HTTP/1.1\r\nHost: b\r\n\r\n`,
    ],
    [
      'server',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 99\r\n\r\n`,
    ],
  ],
  ssh: sshTalk(500),
  'ssh-success': sshTalk(1800),
  tls: [
    [
      'client',
      clientHello({
        name: 'Cloud.Example',
        alpn: ['h2'],
        versions: [0x0a0a, 0x0304, 0x0303],
        fragment: 20,
      }),
    ],
    ['server', Uint8Array.of(22, 3, 3, 0, 4, 2, 0, 0, 0)],
  ],
}
