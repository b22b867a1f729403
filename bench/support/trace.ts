import { closeSync, openSync, writeSync } from 'node:fs'
import dnsPacket from 'dns-packet'
import { ascii, concat } from '../../simulator/bytes.ts'
import { type Station, udpFrame } from '../../simulator/packets.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { createTcpTalk } from '../../simulator/tcp-talk.ts'

export interface Trace {
  readonly packets: number
  /** Bytes on the wire, without the record headers of the file. */
  readonly bytes: number
  readonly conversations: number
}

/** A frame of a conversation; true: from the client. */
type Step = readonly [bytes: Uint8Array, isClient: boolean]

const client: Station = { ip: '10.0.0.1', mac: '00:1b:21:00:00:01' }
const server: Station = { ip: '10.1.0.1', mac: '00:1b:21:00:01:01' }
const concurrent = 200
const stepUsMax = 400

/**
 * Writes a classic capture of many interleaved conversations of 20,000 clients with 200 servers, from a seed: DNS,
 * HTTP, TLS, unrecognised TCP and unanswered SYNs, about 10 packets each and 500 bytes a packet, at some 5,000 packets
 * a second of event time. Addresses, ports and identifications are written into ready-made frames, whose checksums are
 * therefore wrong; no reader of the benchmark checks them.
 */
export function writeTrace(path: string, packets: number, seed: number): Trace {
  const random = createRandom(seed)
  const templates = makeTemplates()
  const file = openSync(path, 'w')
  const buffer = new Uint8Array(4 << 20)
  const view = new DataView(buffer.buffer)
  const header = encodePcap([])
  buffer.set(header)
  let used = header.length
  let bytes = 0
  let conversations = 0
  let timeUs = 1_700_000_000_000_000
  const active = Array.from({ length: concurrent }, () => open())

  function open() {
    conversations++
    return {
      steps: templates[Math.floor(random() * templates.length)]!,
      next: 0,
      client: Math.floor(random() * 20_000),
      server: Math.floor(random() * 200),
      port: 1024 + Math.floor(random() * 64_000),
    }
  }

  for (let packet = 0; packet < packets; packet++) {
    const place = Math.floor(random() * concurrent)
    const talk = active[place]!
    const [frame, isClient] = talk.steps[talk.next++]!
    if (talk.next === talk.steps.length) active[place] = open()
    timeUs += Math.floor(random() * stepUsMax)
    if (used + 16 + frame.length > buffer.length) {
      writeSync(file, buffer, 0, used)
      used = 0
    }
    view.setUint32(used, Math.floor(timeUs / 1e6), true)
    view.setUint32(used + 4, timeUs % 1e6, true)
    view.setUint32(used + 8, frame.length, true)
    view.setUint32(used + 12, frame.length, true)
    buffer.set(frame, used + 16)
    const ip = used + 16 + 14
    view.setUint16(ip + 4, packet & 0xffff)
    view.setUint32(ip + (isClient ? 12 : 16), 0x0a000000 + talk.client)
    view.setUint32(ip + (isClient ? 16 : 12), 0x0a400000 + talk.server)
    view.setUint16(ip + (isClient ? 20 : 22), talk.port)
    used += 16 + frame.length
    bytes += frame.length
  }
  writeSync(file, buffer, 0, used)
  closeSync(file)
  return { packets, bytes, conversations }
}

/** Uniform numbers in [0, 1) from a seed (a linear congruential generator, Numerical Recipes). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

function makeTemplates(): Step[][] {
  const http = [1, 2, 4, 8].flatMap((segments) => [httpTalk(segments), httpTalk(segments)])
  const tls = [1, 3, 6].flatMap((segments) => [tlsTalk(segments), tlsTalk(segments)])
  const others = [dnsTalk(), dnsTalk(), dnsTalk(), bulkTalk(20), synOnly()]
  return [...http, ...tls, ...others]
}

function talkOf(port: number) {
  return createTcpTalk({ ...client, port: 40_000 }, { ...server, port }, { startUs: 0 })
}

function stepsOf(talk: ReturnType<typeof createTcpTalk>): Step[] {
  return talk.packets.map(({ bytes }) => [bytes, bytes[29] === 1 && bytes[27] === 0] as const)
}

function httpTalk(segments: number): Step[] {
  const request =
    'GET /studies/1/series HTTP/1.1\r\nHost: pacs.hospital.example\r\nUser-Agent: viewer/4.2\r\n\r\n'
  const length = segments * 1400 - 120
  const response = `HTTP/1.1 200 OK\r\nServer: archive\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`
  return stepsOf(talkOf(80).open().send(request).answer(response).close())
}

function tlsTalk(segments: number): Step[] {
  const record = (type: number, body: Uint8Array) =>
    concat(Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255), body)
  const answer = concat(
    ...Array.from({ length: segments }, () => record(23, new Uint8Array(1300).fill(7))),
  )
  return stepsOf(
    talkOf(443)
      .open()
      .send(clientHello('update.vendor.example'))
      .answer(answer)
      .send(record(23, new Uint8Array(200).fill(9)))
      .close(),
  )
}

/** TLS 1.2 ClientHello with a server name (RFC 5246 §7.4.1.2, RFC 6066 §3). */
function clientHello(name: string): Uint8Array {
  const u16 = (n: number) => Uint8Array.of(n >> 8, n & 255)
  const host = ascii(name)
  const serverName = concat(u16(host.length + 3), Uint8Array.of(0), u16(host.length), host)
  const extensions = concat(u16(0), u16(serverName.length), serverName)
  const body = concat(
    u16(0x0303),
    new Uint8Array(32).fill(5),
    Uint8Array.of(0),
    u16(4),
    u16(0x1301),
    u16(0xc02f),
    Uint8Array.of(1, 0),
    u16(extensions.length),
    extensions,
  )
  const handshake = concat(Uint8Array.of(1, 0), u16(body.length), body)
  return concat(Uint8Array.of(22, 3, 1), u16(handshake.length), handshake)
}

function dnsTalk(): Step[] {
  const questions = [{ type: 'A' as const, name: 'pacs.hospital.example' }]
  const query = dnsPacket.encode({
    type: 'query',
    id: 7,
    flags: dnsPacket.RECURSION_DESIRED,
    questions,
  })
  const answers = [
    { type: 'A' as const, name: 'pacs.hospital.example', ttl: 300, data: '10.64.0.9' },
  ]
  const answer = dnsPacket.encode({ type: 'response', id: 7, questions, answers })
  return [
    [udpFrame(client, server, 40_000, 53, query), true],
    [udpFrame(server, client, 53, 40_000, answer), false],
  ]
}

function bulkTalk(segments: number): Step[] {
  return stepsOf(
    talkOf(9100)
      .open()
      .send(new Uint8Array(segments * 1400).fill(0x1b))
      .close(),
  )
}

function synOnly(): Step[] {
  return stepsOf(talkOf(22).syn())
}
