import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCaptureFileSource } from '../../../ingest/adapters/capture-file.ts'
import { isWardwatchError, type ErrorCode } from '../../../records/errors.ts'
import { encodePcap } from '../../../simulator/pcap-file.ts'
import { createPcapngWriter, join } from '../../support/pcapng-writer.ts'
import { readSource } from '../../support/read-packets.ts'

const startUs = 1_700_000_000_000_000
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'wardwatch-capture-file-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function save(name: string, bytes: Uint8Array): string {
  const path = joinPath(folder, name)
  writeFileSync(path, bytes)
  return path
}

const packetsOf = (count: number, length: number, stepUs = 10, firstUs = startUs) =>
  Array.from({ length: count }, (_, i) => ({
    timeUs: firstUs + i * stepUs,
    bytes: new Uint8Array(length).fill(i),
  }))

const hex = (packets: readonly { bytes: Uint8Array }[]) =>
  packets.map(({ bytes }) => Buffer.from(bytes).toString('hex'))

/** The error code that reading ends with. */
async function codeOf(paths: readonly string[], stdin?: Readable): Promise<ErrorCode> {
  try {
    await readSource(createCaptureFileSource(paths, stdin === undefined ? {} : { stdin }))
  } catch (error) {
    if (isWardwatchError(error)) return error.code
    throw error
  }
  throw new Error('was read without an error')
}

const ng = createPcapngWriter()
const some = packetsOf(300, 70)
const contents = [
  { name: 'pcap', bytes: encodePcap(some) },
  {
    name: 'pcapng',
    bytes: join(
      ng.section(),
      ng.interface(),
      ...some.map(({ timeUs, bytes }) => ng.enhancedPacket(BigInt(timeUs), bytes)),
    ),
  },
]

describe.each(contents)('$name', ({ name, bytes }) => {
  test.each([
    { how: 'plain', stored: bytes },
    { how: 'gzip', stored: gzipSync(bytes) },
    {
      how: 'gzip of several members',
      stored: join(gzipSync(bytes.subarray(0, 1000)), gzipSync(bytes.subarray(1000))),
    },
  ])('is recognised by content and read, $how', async ({ how, stored }) => {
    const source = createCaptureFileSource([save(`${name}-${how}.txt`, stored)])
    expect(source.progress()).toBe(0)
    const { packets, rejects } = await readSource(source)
    expect(packets.map(({ data }) => data)).toEqual(hex(some))
    expect(packets.at(-1)!.timeUs).toBe(some.at(-1)!.timeUs)
    expect(rejects).toEqual({})
    expect(source.progress()).toBe(1)
  })

  test.each([1, 5, 16, 100, 4096])('is read in chunks of %i bytes', async (chunkBytes) => {
    const source = createCaptureFileSource([save(`${name}-chunks`, bytes)], { chunkBytes })
    expect((await readSource(source)).packets.map(({ data }) => data)).toEqual(hex(some))
  })

  test('is read from a stream that gives a byte at a time, plain and gzip', async () => {
    for (const stored of [bytes, gzipSync(bytes)]) {
      const stdin = Readable.from(
        Array.from(stored.subarray(0, 3000), (byte) => Uint8Array.of(byte)),
      )
      const source = createCaptureFileSource(['-'], { stdin })
      const { packets } = await readSource(source)
      expect(packets.length).toBeGreaterThan(10)
      expect(packets.map(({ data }) => data)).toEqual(hex(some.slice(0, packets.length)))
    }
  })
})

test('standard input of a process is read to its end', () => {
  const adapter = joinPath(import.meta.dirname, '../../../ingest/adapters/capture-file.ts')
  const script = `
    const { createCaptureFileSource } = await import(${JSON.stringify(adapter)})
    const source = createCaptureFileSource(['-'])
    let packets = 0
    for await (const block of source.blocks()) packets += block.count
    process.stdout.write(JSON.stringify({ packets, name: source.name, rejects: [...source.rejects] }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    input: contents[0]!.bytes,
  })
  expect(JSON.parse(output.toString())).toEqual({
    packets: 300,
    name: 'standard input',
    rejects: [],
  })
})

test('a named pipe is read like a stream', async () => {
  const path = joinPath(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const file = save('for-the-pipe', contents[0]!.bytes)
  const writer = spawn('sh', ['-c', `cat "${file}" > "${path}"`])
  const done = new Promise((resolve) => writer.on('close', resolve))
  expect((await readSource(createCaptureFileSource([path]))).packets).toHaveLength(300)
  await done
})

describe('what cannot be opened at all is refused with its reason', () => {
  test.each<{ name: string; code: ErrorCode; path: () => string }>([
    { name: 'a missing file', code: 'INPUT_NOT_FOUND', path: () => joinPath(folder, 'missing') },
    {
      name: 'a file below a file',
      code: 'INPUT_NOT_FOUND',
      path: () => joinPath(save('plain', new Uint8Array(3)), 'x'),
    },
    {
      name: 'a folder',
      code: 'CAPTURE_UNREADABLE',
      path: () => {
        mkdirSync(joinPath(folder, 'folder'), { recursive: true })
        return joinPath(folder, 'folder')
      },
    },
    {
      name: 'an empty file',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('empty', new Uint8Array(0)),
    },
    {
      name: 'a text',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('text', Buffer.from('No.  Time  Source  Destination')),
    },
    {
      name: 'a text in gzip',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('text.gz', gzipSync('No.  Time  Source')),
    },
    {
      name: 'a capture in gzip in gzip',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('twice.gz', gzipSync(gzipSync(contents[0]!.bytes))),
    },
    {
      name: 'a section header of neither byte order',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('odd', Uint8Array.of(10, 13, 13, 10, 28, 0, 0, 0, 1, 2, 3, 4, 5)),
    },
    {
      name: 'a broken gzip header',
      code: 'CAPTURE_UNSUPPORTED',
      path: () => save('head.gz', Uint8Array.of(0x1f, 0x8b, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    },
  ])('$name', async ({ code, path }) => {
    expect(await codeOf([path()])).toBe(code)
    expect(await codeOf([save('good', contents[0]!.bytes), path()])).toBe(code)
  })

  test('a missing file among several is told before the first packet', async () => {
    const source = createCaptureFileSource([
      save('first', contents[0]!.bytes),
      joinPath(folder, 'missing'),
    ])
    await expect(source.blocks()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    })
  })

  test('no file, and standard input twice', () => {
    expect(() => createCaptureFileSource([])).toThrow(
      expect.objectContaining({ code: 'BAD_USAGE' }),
    )
    expect(() => createCaptureFileSource(['-', '-'])).toThrow(
      expect.objectContaining({ code: 'BAD_USAGE' }),
    )
  })

  test('a stream that fails is unreadable, plain and inside gzip', async () => {
    for (const bytes of [contents[0]!.bytes, gzipSync(contents[0]!.bytes)]) {
      async function* failing() {
        yield bytes.subarray(0, 600)
        await Promise.resolve()
        throw new Error('the network share has gone')
      }
      expect(await codeOf(['-'], Readable.from(failing()))).toBe('CAPTURE_UNREADABLE')
    }
  })
})

describe('damage inside gzip is counted, and what stands before it is read', () => {
  const large = packetsOf(3000, 400).map((packet, i) => ({
    ...packet,
    bytes: packet.bytes.map((_, j) => (i * 31 + j * j) & 0xff),
  }))
  const zipped = gzipSync(encodePcap(large))

  test('cut in the middle', async () => {
    const path = save('cut.gz', zipped.subarray(0, zipped.length / 2))
    const { packets, rejects } = await readSource(createCaptureFileSource([path]))
    expect(packets.length).toBeGreaterThan(100)
    expect(packets.map(({ data }) => data)).toEqual(hex(large.slice(0, packets.length)))
    expect(rejects).toMatchObject({ 'truncated-gzip': 1 })
  })

  test('a checksum that does not fit', async () => {
    const path = save(
      'checksum.gz',
      zipped.map((byte, i) => (i === zipped.length - 6 ? byte ^ 1 : byte)),
    )
    const { packets, rejects } = await readSource(createCaptureFileSource([path]))
    expect(packets.map(({ data }) => data)).toEqual(hex(large.slice(0, packets.length)))
    expect(packets.length).toBeGreaterThan(2500)
    expect(rejects).toMatchObject({ 'bad-gzip': 1 })
  })
})

test('memory stays flat on a gzip bomb', async () => {
  // 168 MB of empty records in a few hundred kB; kept whole, they would show.
  const record = new Uint8Array(16 * 65_536)
  const bomb = createGzip({ level: 9 })
  const parts: Buffer[] = []
  bomb.on('data', (part: Buffer) => parts.push(part))
  const ended = new Promise((resolve) => bomb.on('end', resolve))
  bomb.write(encodePcap([]))
  for (let i = 0; i < 160; i++)
    if (!bomb.write(record)) await new Promise((resolve) => bomb.once('drain', resolve))
  bomb.end()
  await ended
  const path = save('bomb.gz', Buffer.concat(parts))
  const before = process.memoryUsage().rss
  let packets = 0
  let rssMax = 0
  for await (const block of createCaptureFileSource([path]).blocks()) {
    packets += block.count
    rssMax = Math.max(rssMax, process.memoryUsage.rss())
  }
  expect(packets).toBe(160 * 65_536)
  expect(rssMax - before).toBeLessThan(100e6)
})

test('several files are one input in the order of packet time', async () => {
  const even = save('even', encodePcap(packetsOf(100, 50, 20)))
  const odd = save('odd.gz', gzipSync(encodePcap(packetsOf(100, 60, 20, startUs + 10))))
  const source = createCaptureFileSource([odd, even])
  const { packets } = await readSource(source)
  expect(packets.map(({ timeUs }) => timeUs)).toEqual(
    Array.from({ length: 200 }, (_, i) => startUs + i * 10),
  )
  expect(packets.map(({ originalLength }) => originalLength)).toEqual(
    Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 50 : 60)),
  )
  expect(source.progress()).toBe(1)
})

test('a reader that stops early closes the file, and can read it again', async () => {
  const source = createCaptureFileSource([save('again', encodePcap(packetsOf(50_000, 100)))], {
    chunkBytes: 65_536,
  })
  for await (const block of source.blocks()) {
    expect(block.count).toBeGreaterThan(0)
    break
  }
  expect((await readSource(source)).packets).toHaveLength(50_000)
})

test('a reader that stops early does not wait for a stream that is silent', async () => {
  const stdin = new Readable({ read: () => undefined })
  stdin.push(contents[0]!.bytes)
  for await (const block of createCaptureFileSource(['-'], { stdin }).blocks()) {
    expect(block.count).toBe(300)
    break
  }
  expect(stdin.destroyed).toBe(true)
})
