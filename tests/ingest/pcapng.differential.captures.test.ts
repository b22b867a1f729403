import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { capturesFolder, manifest } from '../support/captures.ts'
import { readSource } from '../support/read-packets.ts'
import { tshark } from '../support/tshark.ts'

/** What pcap-parser cannot read, tshark does: pcapng, and classic captures with nanoseconds. */
const captures = manifest().filter(
  ({ file, packets }) => packets !== null && /\.pcapng$|nano.*\.pcap$/.test(file),
)

interface Row {
  readonly timeUs: number
  readonly captured: number
  readonly originalLength: number
}

describe('tshark reads the same times and lengths', () => {
  test.each(captures)('$file', async ({ file }) => {
    const path = join(capturesFolder(), file)
    const { packets } = await readSource(createCaptureFileSource([path]))
    const ours = packets.map(({ timeUs, data, originalLength }): Row => ({
      timeUs,
      captured: data.length / 2,
      originalLength,
    }))
    expect(ours).toEqual(await readWithTshark(path))
  })
})

async function readWithTshark(path: string): Promise<Row[]> {
  const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.encap_type'].flatMap(
    (field) => ['-e', field],
  )
  const output = await tshark(path, '-T', 'fields', ...fields)
  let lastTimeUs = 0
  const rows: Row[] = []
  for (const line of output.split('\n').filter(Boolean)) {
    const [time, captured, original, encapsulation] = line.split('\t')
    // tshark also lists custom and unknown blocks: they have no link type.
    if (encapsulation === '') continue
    const [seconds, nanoseconds] = time!.split('.')
    // A simple packet block has no time: tshark leaves the field empty, we repeat the last one.
    if (nanoseconds !== undefined)
      lastTimeUs = Number(seconds) * 1e6 + Number(nanoseconds.slice(0, 6))
    rows.push({ timeUs: lastTimeUs, captured: Number(captured), originalLength: Number(original) })
  }
  return rows
}
