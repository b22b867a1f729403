import { describe, expect, test } from 'vitest'
import { createLoopedSource } from '../../ingest/looped.ts'
import { createPace, slicesOf } from '../../ingest/pace.ts'
import type { Source } from '../../ingest/source.ts'
import { blockOf } from '../support/pipeline-run.ts'

const packets = (times: readonly number[]) =>
  times.map((timeUs) => ({ timeUs, bytes: Uint8Array.of(1) }))

function sourceOf(times: readonly number[][]): Source {
  async function* blocks() {
    await Promise.resolve()
    for (const part of times) yield blockOf(packets(part))
  }
  return { name: 'day', blocks, rejects: new Map([['torn', 1]]), progress: () => 0.5 }
}

async function timesOf(source: Source): Promise<number[]> {
  const times: number[] = []
  for await (const block of source.blocks()) times.push(...block.timeUs.subarray(0, block.count))
  return times
}

describe('a looped source', () => {
  test('shifts each pass by the length of what came before and the gap', async () => {
    const source = createLoopedSource(() => sourceOf([[100, 150], [170]]), { passes: 3, gapUs: 5 })
    expect(await timesOf(source)).toEqual([100, 150, 170, 175, 225, 245, 250, 300, 320])
    expect([...source.rejects]).toEqual([['torn', 3]])
  })

  test('ends when there is nothing to play, instead of spinning', async () => {
    expect(
      await timesOf(createLoopedSource(() => sourceOf([]), { passes: Infinity, gapUs: 5 })),
    ).toEqual([])
  })
})

describe('slicesOf', () => {
  test('cuts a block where 50 ms of event time are over and keeps every packet', () => {
    const slices = [...slicesOf(blockOf(packets([0, 49_999, 50_000, 60_000, 200_000])))]
    expect(slices.map((slice) => [...slice.timeUs])).toEqual([
      [0, 49_999],
      [50_000, 60_000],
      [200_000],
    ])
    expect(slices.map((slice) => [...slice.offset])).toEqual([[0, 1], [2, 3], [4]])
  })
})

describe('createPace', () => {
  test('waits for the event time that the wall clock has not reached yet', () => {
    const pace = createPace(10)
    expect(pace.waitMs(5_000_000, 1000)).toBe(0)
    expect(pace.waitMs(6_000_000, 1040)).toBe(60)
    expect(pace.waitMs(6_000_000, 5000)).toBe(0)
    expect(pace.eventUs(1040)).toBe(5_400_000)
  })
})
