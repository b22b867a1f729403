import assert from 'node:assert/strict'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'pcap-parser'
import { createCaptureFileSource } from '../ingest/adapters/capture-file.ts'
import { compareInRounds, coreClock, type BenchResult, type BenchSize } from './harness.ts'

const seed = 20_261
const sizes = {
  small: { packets: 100_000, rounds: 5 },
  full: { packets: 300_000, rounds: 11 },
} as const

/** Reading a capture into columns against pcap-parser reading the same file into objects. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { packets, rounds } = sizes[size]
  const folder = mkdtempSync(join(tmpdir(), 'wardwatch-bench-read-'))
  try {
    const path = join(folder, 'capture.pcap')
    const bytes = generateCapture(packets, seed)
    writeFileSync(path, bytes)
    assert.deepEqual(
      await readWithOurs(path),
      await readWithPeer(path),
      'both read the same packets and bytes',
    )
    const compared = await compareInRounds({
      ours: async () => (await readWithOurs(path)).packets,
      peer: async () => (await readWithPeer(path)).packets,
      rounds,
      warmUps: 2,
      now: coreClock,
    })
    return {
      name: 'read',
      claim:
        'Captures are read as columns over the read buffer, several times as fast as packet by packet into objects.',
      input: `${packets.toLocaleString('en')} packets, ${(bytes.length / 1e6).toFixed(0)} MB classic pcap, seed ${seed}, page cache warm`,
      rounds: compared.rounds,
      ratio: compared.ratio,
      ours: {
        value: compared.ours,
        unit: 'packets per core second',
        spread: compared.spreads.ours,
      },
      peer: {
        name: 'pcap-parser',
        value: compared.peer,
        unit: 'packets per core second',
        spread: compared.spreads.peer,
      },
      notes: [
        'Both sum the length, the time and the first and last byte of every packet, and agree on the sums before the first round.',
        'pcap-parser reads no pcapng and no nanoseconds, and allocates whatever length a record claims.',
      ],
      bar: { min: size === 'full' ? 3 : 1.5 },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Sums {
  packets: number
  wireBytes: number
  /** Seconds and µs apart, so that the sums stay exact. */
  seconds: number
  microseconds: number
  edges: number
}

async function readWithOurs(path: string): Promise<Sums> {
  const sums = { packets: 0, wireBytes: 0, seconds: 0, microseconds: 0, edges: 0 }
  for await (const {
    count,
    timeUs,
    offset,
    capturedLength,
    originalLength,
    bytes,
  } of createCaptureFileSource([path]).blocks()) {
    sums.packets += count
    for (let row = 0; row < count; row++) {
      const seconds = Math.floor(timeUs[row]! / 1e6)
      sums.seconds += seconds
      sums.microseconds += timeUs[row]! - seconds * 1e6
      sums.wireBytes += originalLength[row]!
      const start = offset[row]!
      sums.edges += bytes[start]! + bytes[start + capturedLength[row]! - 1]!
    }
  }
  return sums
}

function readWithPeer(path: string): Promise<Sums> {
  const sums = { packets: 0, wireBytes: 0, seconds: 0, microseconds: 0, edges: 0 }
  return new Promise((resolve, reject) => {
    const parser = parse(createReadStream(path))
    parser.on('packet', ({ header, data }) => {
      sums.packets++
      sums.seconds += header.timestampSeconds
      sums.microseconds += header.timestampMicroseconds
      sums.wireBytes += header.originalLength
      sums.edges += data[0]! + data[data.length - 1]!
    })
    parser.on('error', reject)
    parser.on('end', () => {
      resolve(sums)
    })
  })
}

/** A capture with the sizes of ordinary traffic: half small packets, a third full ones. Written straight to one buffer. */
function generateCapture(packets: number, firstState: number): Uint8Array {
  let state = firstState
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const lengths = Array.from({ length: packets }, () => {
    const kind = random()
    return kind < 0.5
      ? 60 + Math.floor(random() * 60)
      : kind < 0.85
        ? 1514
        : 120 + Math.floor(random() * 1300)
  })
  const bytes = new Uint8Array(24 + lengths.reduce((sum, length) => sum + 16 + length, 0))
  const view = new DataView(bytes.buffer)
  const header = [0xa1b2c3d4, 0x00040002, 0, 0, 262_144, 1]
  header.forEach((value, i) => {
    view.setUint32(i * 4, value, true)
  })
  let at = 24
  let timeUs = 1_700_000_000e6
  for (const length of lengths) {
    timeUs += Math.floor(random() * 50)
    view.setUint32(at, Math.floor(timeUs / 1e6), true)
    view.setUint32(at + 4, timeUs % 1e6, true)
    view.setUint32(at + 8, length, true)
    view.setUint32(at + 12, length, true)
    bytes.fill(Math.floor(random() * 256), at + 16, at + 16 + length)
    at += 16 + length
  }
  return bytes
}
