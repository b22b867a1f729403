import { createReadStream, openSync, readSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'pcap-parser'
import { describe, expect, test } from 'vitest'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { capturesFolder, manifest } from '../support/captures.ts'
import { readSource, type ReadPacket } from '../support/read-packets.ts'

const captures = manifest().filter(
  ({ file, packets }) => packets !== null && /\.(pcap|pcapng|file)$/.test(file),
)

/** Magic of the file, read big-endian as text. */
function magicOf(file: string): string {
  const bytes = Buffer.alloc(4)
  const handle = openSync(join(capturesFolder(), file), 'r')
  readSync(handle, bytes, 0, 4, 0)
  closeSync(handle)
  return bytes.toString('hex')
}

/** What pcap-parser makes of a file: its errors are thrown as they are. */
function readWithPeer(path: string): Promise<ReadPacket[]> {
  const packets: ReadPacket[] = []
  return new Promise((resolve, reject) => {
    const parser = parse(createReadStream(path))
    parser.on('packet', ({ header, data }) => {
      packets.push({
        timeUs: header.timestampSeconds * 1e6 + header.timestampMicroseconds,
        data: data.toString('hex'),
        originalLength: header.originalLength,
        linkType: 0,
      })
    })
    parser.on('error', reject)
    parser.on('end', () => {
      resolve(packets)
    })
  })
}

/** Classic captures that pcap-parser cannot be asked about, with the reason. */
const exceptions = new Map<string, string>()
const classic = captures.filter(({ file }) => {
  const magic = magicOf(file)
  if (magic === '0a0d0d0a') return false
  if (magic === '4d3cb2a1' || magic === 'a1b23c4d')
    exceptions.set(file, 'pcap-parser knows no nanosecond magic')
  if (magic === '34cdb2a1' || magic === 'a1b2cd34')
    exceptions.set(file, 'pcap-parser knows no modified record header')
  return true
})

describe('every capture of the shared folder has the packets that its manifest counts', () => {
  test.each(captures)('$file', async ({ file, packets }) => {
    const reading = await readSource(createCaptureFileSource([join(capturesFolder(), file)]))
    expect(reading.packets).toHaveLength(packets ?? 0)
    expect(reading.rejects).toEqual(damaged.get(file) ?? {})
  })
})

/** Captures that are damaged themselves. */
const damaged = new Map<string, Record<string, number>>([
  // Its last record is cut; tshark says so too ("cut short in the middle of a packet").
  ['benign/melsoft_129_clean.pcap', { 'truncated-record': 1 }],
])

describe('pcap-parser reads the same times, lengths and bytes', () => {
  test.each(classic.filter(({ file }) => !exceptions.has(file)))('$file', async ({ file }) => {
    const path = join(capturesFolder(), file)
    const { packets } = await readSource(createCaptureFileSource([path]))
    expect(packets.map((packet) => ({ ...packet, linkType: 0 }))).toEqual(await readWithPeer(path))
  })

  test('but not these, for a stated reason', () => {
    expect(Object.fromEntries(exceptions)).toMatchInlineSnapshot(`
      {
        "formats/nanosecs.pcap": "pcap-parser knows no nanosecond magic",
        "formats/tcp-handshake-nano.pcap": "pcap-parser knows no nanosecond magic",
      }
    `)
  })

  test('which are few', () => {
    expect(classic.length - exceptions.size).toBeGreaterThan(400)
  })
})
