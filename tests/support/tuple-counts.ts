import { parseIp } from '../../records/address.ts'
import { ingestConfigSchema } from '../../ingest/config.ts'
import { createPipeline, type PipelineStats } from '../../ingest/pipeline.ts'
import type { FlowRecord } from '../../ingest/record-sink.ts'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { tshark } from './tshark.ts'

/**
 * Packets by five-tuple, both directions together: `6 <address> <port> – <address> <port>`. The same flow has the same
 * text whoever counted it; where flows begin and end, on which no two tools agree, does not matter.
 */
export type TupleCounts = Map<string, number>

export interface Counted {
  readonly packets: number
  /** On the wire, link header included. */
  readonly wireBytes: number
  readonly tuples: TupleCounts
}

const tcp = 6
const udp = 17

/** What our pipeline counts in a capture: from its flow records, not from its decoder. */
export async function countWithOurs(
  path: string,
): Promise<Counted & { readonly stats: PipelineStats }> {
  const tuples: TupleCounts = new Map()
  const source = createCaptureFileSource([path])
  const pipeline = createPipeline(ingestConfigSchema.parse({}), {
    sink: {
      dueUs: Infinity,
      onClock: () => undefined,
      onSummary: () => undefined,
      onFlowRecord: (record) => add(tuples, keyOfRecord(record), packetsOf(record)),
    },
    sourceRejects: () => source.rejects,
  })
  for await (const block of source.blocks()) pipeline.onBlock(block)
  pipeline.endRecording()
  const stats = pipeline.stats()
  return { packets: stats.packets, wireBytes: stats.bytes, tuples, stats }
}

/** A doubled mirror's second copies are packets of the capture too. */
function packetsOf(record: Readonly<FlowRecord>): number {
  return record.origPackets + record.respPackets + record.duplicatePackets
}

function keyOfRecord(record: Readonly<FlowRecord>): string {
  const hasPorts = record.protocol === tcp || record.protocol === udp
  return keyOf(
    record.protocol,
    { ip: hexOf(record.origIp), port: hasPorts ? record.origPort : 0 },
    { ip: hexOf(record.respIp), port: hasPorts ? record.respPort : 0 },
  )
}

const fields = [
  'frame.encap_type',
  'frame.len',
  'frame.protocols',
  'ip.src',
  'ip.dst',
  'ip.proto',
  'ip.id',
  'ip.frag_offset',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.nxt',
  'ipv6.fraghdr.ident',
  'ipv6.fraghdr.offset',
  'ipv6.hopopts.nxt',
  'ipv6.routing.nxt',
  'ipv6.fraghdr.nxt',
  'ah.next_header',
  'ipv6.dstopts.nxt',
  'tcp.srcport',
  'tcp.dstport',
  'udp.srcport',
  'udp.dstport',
] as const
type Field = (typeof fields)[number]
type Row = Readonly<Record<Field, string>>

/** Next-header numbers that are IPv6 extensions, and where tshark says what follows them. */
const extensions = new Map<number, Field>([
  [0, 'ipv6.hopopts.nxt'],
  [43, 'ipv6.routing.nxt'],
  [44, 'ipv6.fraghdr.nxt'],
  [51, 'ah.next_header'],
  [60, 'ipv6.dstopts.nxt'],
])

/** What tshark counts: the outermost IP header of each packet, as our decoder reads it. */
export async function countWithTshark(path: string): Promise<Counted> {
  const tuples: TupleCounts = new Map()
  const fragments = new Map<string, string>()
  let [packets, wireBytes] = [0, 0]
  for (const row of await readRows(path)) {
    // tshark also lists custom and unknown blocks of pcapng: they have no link type.
    if (row['frame.encap_type'] === '') continue
    packets++
    wireBytes += Number(row['frame.len'])
    const key = keyOfRow(row, fragments)
    if (key !== null) add(tuples, key, 1)
  }
  return { packets, wireBytes, tuples }
}

async function readRows(path: string): Promise<Row[]> {
  // A fragment belongs to its own packet, not to the datagram that is complete with it.
  const options = [
    'ip.defragment:FALSE',
    'ipv6.defragment:FALSE',
    'tcp.desegment_tcp_streams:FALSE',
  ]
  const output = await tshark(
    path,
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    ...options.flatMap((option) => ['-o', option]),
    ...fields.flatMap((field) => ['-e', field]),
  )
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const values = line.split('\t')
      return Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ''])) as Row
    })
}

/** `fragments`: keys of the first fragments seen so far, by address pair and identification. */
function keyOfRow(row: Row, fragments: Map<string, string>): string | null {
  const layers = row['frame.protocols'].split(':')
  const at = layers.findIndex((layer) => layer === 'ip' || layer === 'ipv6')
  if (at === -1) return null
  const isIpv4 = layers[at] === 'ip'
  const [src, dst] = isIpv4 ? [row['ip.src'], row['ip.dst']] : [row['ipv6.src'], row['ipv6.dst']]
  if (src === '' || dst === '') return null
  const protocol = isIpv4 ? Number(row['ip.proto']) : finalHeader(row)
  const identification = isIpv4 ? row['ip.id'] : row['ipv6.fraghdr.ident']
  const offset = Number(isIpv4 ? row['ip.frag_offset'] : row['ipv6.fraghdr.offset'])
  const datagram = `${src} ${dst} ${protocol} ${identification}`
  if (offset > 0) {
    const first = fragments.get(datagram)
    if (first !== undefined) return first
  }
  const transport = layers
    .slice(at + 1)
    .find((layer) => !layer.startsWith('ipv6.') && layer !== 'ah')
  const port = (side: 'src' | 'dst') =>
    transport === 'tcp' || transport === 'udp' ? Number(row[`${transport}.${side}port`]) : 0
  const key = keyOf(
    protocol,
    { ip: hexOfText(src), port: port('src') },
    { ip: hexOfText(dst), port: port('dst') },
  )
  if (offset === 0 && identification !== '') fragments.set(datagram, key)
  return key
}

/** Protocol number behind the extension headers. */
function finalHeader(row: Row): number {
  let next = Number(row['ipv6.nxt'])
  for (let depth = 0; depth < extensions.size; depth++) {
    const following = extensions.get(next)
    if (following === undefined || row[following] === '') break
    next = Number(row[following])
  }
  return next
}

interface Endpoint {
  readonly ip: string
  readonly port: number
}

function keyOf(protocol: number, ...ends: readonly [Endpoint, Endpoint]): string {
  const [low, high] = ends.map(({ ip, port }) => `${ip} ${port}`).sort()
  return `${protocol} ${low!} – ${high!}`
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function hexOfText(ip: string): string {
  const bytes = parseIp(ip)
  if (bytes === null) throw new Error(`tshark printed no address: ${ip}`)
  return hexOf(bytes)
}

function add(counts: TupleCounts, key: string, packets: number): void {
  counts.set(key, (counts.get(key) ?? 0) + packets)
}
