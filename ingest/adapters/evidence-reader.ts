import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type Packet, parse } from 'pcap-parser'
import { WardwatchError } from '../../records/errors.ts'
import { type PacketLine, packetLine } from '../evidence/packet-line.ts'
import { type KeptPacket, pcapHeader, pcapRecords } from '../evidence/pcap-file.ts'
import { anomalyIdPattern } from './evidence-folder.ts'

/** What is kept of some anomalies. */
export interface EvidenceOf {
  /** Packets of all files, by time, each once. */
  readonly packets: readonly KeptPacket[]
  readonly files: readonly EvidenceFile[]
}

export interface EvidenceFile {
  readonly sensor: string
  readonly anomalyId: string
  readonly bytes: number
  readonly sha256: string
}

/** Longer files were not written by us: pcap-parser would hold whatever length a record of theirs claims. */
const fileBytesMax = 128 * 1024 * 1024

/**
 * Reads back what sensors have kept under `<data>/evidence`, through pcap-parser.
 * @param anomalyIds those of one alert
 * @throws WardwatchError CAPTURE_UNREADABLE for a file that is damaged or not ours
 */
export async function readEvidence(
  data: string,
  anomalyIds: readonly string[],
): Promise<EvidenceOf> {
  const files: EvidenceFile[] = []
  const packets = new Map<string, KeptPacket>()
  for (const folder of await foldersOf(join(data, 'evidence'))) {
    for (const anomalyId of anomalyIds.filter((id) => anomalyIdPattern.test(id))) {
      const path = join(data, 'evidence', folder, `${anomalyId}.pcap`)
      const content = await contentOf(path)
      if (content === null) continue
      const sha256 = createHash('sha256').update(content).digest('hex')
      files.push({
        sensor: decodeURIComponent(folder),
        anomalyId,
        bytes: content.length,
        sha256,
      })
      for (const packet of await parsePackets(content, path)) packets.set(idOf(packet), packet)
    }
  }
  return { packets: [...packets.values()].sort((a, b) => a.timeUs - b.timeUs), files }
}

/** The packets as lines of a list; what the decoder cannot read is left out. */
export function linesOf(packets: readonly KeptPacket[]): PacketLine[] {
  return packets
    .map(({ bytes, originalLength, timeUs }) => packetLine(bytes, originalLength, timeUs))
    .filter((line) => line !== null)
}

/** The packets as one capture file. */
export function captureOf(packets: readonly KeptPacket[]): Uint8Array {
  return Buffer.concat([pcapHeader(), pcapRecords(packets)])
}

async function foldersOf(path: string): Promise<string[]> {
  const entries = await orNull(readdir(path, { withFileTypes: true }))
  const folders = (entries ?? []).filter((entry) => entry.isDirectory())
  return folders.map(({ name }) => name).sort()
}

async function contentOf(path: string): Promise<Buffer | null> {
  const content = await orNull(readFile(path))
  if (content !== null && content.length > fileBytesMax)
    throw new WardwatchError('CAPTURE_UNREADABLE', `${path}: longer than evidence can be`)
  return content
}

/** Null where there is no such file: it has given way to newer evidence, or never was. */
async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** pcap-parser says nothing of a file too short for its header, and believes whatever kind of capture the header tells. */
async function parsePackets(content: Buffer, path: string): Promise<KeptPacket[]> {
  const header = pcapHeader()
  if (!content.subarray(0, header.length).equals(header))
    throw new WardwatchError('CAPTURE_UNREADABLE', `${path}: not written by this program`)
  const packets: KeptPacket[] = []
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  parse(Readable.from([content], { objectMode: false }))
    .on('packet', (packet) => packets.push(keptOf(packet)))
    .on('end', () => resolve(undefined))
    .on('error', reject)
  await promise
  return packets
}

function keptOf({ header, data }: Packet): KeptPacket {
  const timeUs = header.timestampSeconds * 1e6 + header.timestampMicroseconds
  return { timeUs, originalLength: header.originalLength, bytes: data }
}

/** Two anomalies of one alert may have kept the same packet. */
function idOf({ timeUs, bytes }: KeptPacket): string {
  return `${timeUs} ${createHash('sha256').update(bytes).digest('base64')}`
}
