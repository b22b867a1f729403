import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReadBuffer } from '../../ingest/capture-parser.ts'
import { createMergedSource } from '../../ingest/merge.ts'
import type { PacketBlock, Source } from '../../ingest/source.ts'
import { readSource } from '../support/read-packets.ts'

interface Stamped {
  readonly timeUs: number
  readonly id: number
}

/** A source that reuses one block, as files do; each packet's bytes are its number. */
function memorySource(packets: readonly Stamped[], blockRows: number, name = 'memory'): Source {
  async function* blocks(): AsyncGenerator<PacketBlock> {
    const { bytes, view, block } = createReadBuffer(blockRows * 4, blockRows)
    for (let at = 0; at < packets.length; at += blockRows) {
      await Promise.resolve()
      bytes.fill(0xff)
      block.count = 0
      for (const { timeUs, id } of packets.slice(at, at + blockRows)) {
        const row = block.count++
        view.setUint32(row * 4, id)
        block.timeUs[row] = timeUs
        block.offset[row] = row * 4
        block.capturedLength[row] = 4
        block.originalLength[row] = 1000 + id
        block.linkType[row] = id % 7
      }
      yield block
    }
  }
  return { name, blocks, rejects: new Map([['truncated-record', 1]]), progress: () => 0.5 }
}

/** Numbers the packets of all files in one sequence, so that each can be told apart. */
function numbered(files: readonly (readonly number[])[]): Stamped[][] {
  let id = 0
  return files.map((times) => times.map((timeUs) => ({ timeUs, id: id++ })))
}

async function mergedIds(
  files: readonly (readonly Stamped[])[],
  blockRows: number,
): Promise<number[]> {
  const { packets } = await readSource(
    createMergedSource(files.map((file) => memorySource(file, blockRows))),
  )
  for (const { data, originalLength, linkType } of packets) {
    const id = parseInt(data, 16)
    expect({ originalLength, linkType }).toEqual({ originalLength: 1000 + id, linkType: id % 7 })
  }
  return packets.map(({ data }) => parseInt(data, 16))
}

const sortedTimes = fc
  .array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 })
  .map((times) => times.sort((a, b) => a - b))
const blockRows = fc.integer({ min: 1, max: 9 })

test('sorted sources come out as one stable sort by time, order of sources, order in the source', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sortedTimes, { minLength: 1, maxLength: 5 }),
      blockRows,
      async (times, rows) => {
        const files = numbered(times)
        const sorted = files.flat().sort((a, b) => a.timeUs - b.timeUs)
        expect(await mergedIds(files, rows)).toEqual(sorted.map(({ id }) => id))
      },
    ),
  )
})

test('whatever the stamps are, each packet comes once and every source keeps its order', async () => {
  const anyTimes = fc.array(
    fc.array(fc.double({ min: -1e15, max: 1e16, noNaN: true }).map(Math.floor), { maxLength: 20 }),
    { minLength: 1, maxLength: 4 },
  )
  await fc.assert(
    fc.asyncProperty(anyTimes, blockRows, async (times, rows) => {
      const files = numbered(times)
      const ids = await mergedIds(files, rows)
      expect([...ids].sort((a, b) => a - b)).toEqual(files.flat().map(({ id }) => id))
      for (const file of files) {
        const own = new Set(file.map(({ id }) => id))
        expect(ids.filter((id) => own.has(id))).toEqual([...own])
      }
    }),
  )
})

const day = 24 * 3600 * 1e6

test.each<{ name: string; times: readonly (readonly number[])[]; ids: readonly number[] }>([
  {
    name: 'files one after the other',
    times: [
      [5, 6],
      [1, 2],
    ],
    ids: [2, 3, 0, 1],
  },
  {
    name: 'equal times in the order the files were given',
    times: [
      [1, 1],
      [1, 1],
    ],
    ids: [0, 1, 2, 3],
  },
  {
    name: 'a stamp that goes back stays where it was',
    times: [
      [10, 3, 12],
      [4, 11],
    ],
    ids: [3, 0, 1, 4, 2],
  },
  {
    name: 'a lone stamp years ahead does not hold back what follows it',
    times: [
      [1, 50 * 365 * day, 3],
      [2, 4],
    ],
    ids: [0, 1, 3, 2, 4],
  },
  {
    name: 'a first stamp years ahead does not either',
    times: [
      [50 * 365 * day, 1, 3],
      [2, 4],
    ],
    ids: [0, 1, 3, 2, 4],
  },
  {
    name: 'a real gap of days is kept',
    times: [
      [1, 30 * day, 30 * day + 1],
      [2, 29 * day, 29 * day + 1],
    ],
    ids: [0, 3, 4, 5, 1, 2],
  },
  { name: 'empty sources', times: [[], [1], []], ids: [0] },
])('$name', async ({ times, ids }) => {
  expect(await mergedIds(numbered(times), 16)).toEqual(ids)
})

test('names, rejects and progress are those of all sources', () => {
  const merged = createMergedSource([memorySource([], 1, 'a'), memorySource([], 1, 'b')])
  expect(merged.name).toBe('a, b')
  expect(Object.fromEntries(merged.rejects)).toEqual({ 'truncated-record': 2 })
  expect(merged.progress()).toBe(0.5)
  const endless: Source = { ...memorySource([], 1), progress: () => null }
  expect(createMergedSource([endless, memorySource([], 1)]).progress()).toBeNull()
})

test('a reader that stops early closes every source', async () => {
  let closed = 0
  const watched = (): Source => ({
    ...memorySource([], 1),
    async *blocks() {
      try {
        yield* memorySource(
          [
            { timeUs: 1, id: 1 },
            { timeUs: 2, id: 2 },
          ],
          1,
        ).blocks()
      } finally {
        closed++
      }
    },
  })
  for await (const block of createMergedSource([watched(), watched()]).blocks()) {
    expect(block.count).toBeGreaterThan(0)
    break
  }
  expect(closed).toBe(2)
})

test('more than one block of large packets is merged without a byte changed', async () => {
  const large = (first: number): Source => ({
    ...memorySource([], 1),
    async *blocks() {
      const { bytes, block } = createReadBuffer(200_000, 1)
      for (let i = 0; i < 12; i++) {
        await Promise.resolve()
        bytes.fill(first + i)
        block.count = 1
        block.timeUs[0] = first + i * 2
        block.offset[0] = 100
        block.capturedLength[0] = 199_900
        yield block
      }
    },
  })
  const { packets } = await readSource(createMergedSource([large(0), large(1)]))
  expect(packets.map(({ timeUs }) => timeUs)).toEqual(Array.from({ length: 24 }, (_, i) => i))
  for (const { data, timeUs } of packets) {
    const fill = timeUs % 2 === 0 ? timeUs / 2 : 1 + (timeUs - 1) / 2
    expect(data === fill.toString(16).padStart(2, '0').repeat(199_900)).toBe(true)
  }
})
