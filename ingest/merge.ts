import {
  blockRowsMax,
  createReadBuffer,
  recordBytesMax,
  type ReadBuffer,
} from './capture-parser.ts'
import type { PacketBlock, Source } from './source.ts'

/** A stamp this far ahead is believed only if the next packet agrees (the rule of the sensor clock). */
const jumpUsMax = 7 * 24 * 3600 * 1e6

const outputBytes = recordBytesMax + 512 * 1024

/**
 * Several sources of one sensor as one, ordered by (packet time, order of the sources, order within the source).
 * A source whose own stamps go back is not re-sorted: its packets keep their order and take the place of the latest
 * stamp before them; a lone stamp days ahead does not hold back what follows it.
 */
export function createMergedSource(sources: readonly Source[]): Source {
  return {
    name: sources.map((source) => source.name).join(', '),
    blocks: () => mergeBlocks(sources),
    get rejects() {
      return sumOf(sources.map((source) => source.rejects))
    },
    progress: () => meanOf(sources.map((source) => source.progress())),
  }
}

async function* mergeBlocks(
  sources: readonly Source[],
): AsyncGenerator<PacketBlock, void, undefined> {
  const cursors = sources.map((source) => new Cursor(source))
  const output = createReadBuffer(outputBytes, blockRowsMax)
  try {
    for (const cursor of cursors) await cursor.load()
    let used = 0
    for (;;) {
      const first = earliest(cursors, null)
      if (first === null) break
      const second = earliest(cursors, first)
      const until = second === null ? Infinity : second.key
      // At equal times the source named first goes first.
      const includesEqual = second !== null && cursors.indexOf(first) < cursors.indexOf(second)
      if (
        first.row === 0 &&
        output.block.count === 0 &&
        first.isWholeBefore(until, includesEqual)
      ) {
        yield first.takeBlock()
        await first.load()
        continue
      }
      used = copyRun(first, until, includesEqual, output, used)
      if (isFull(output, used)) {
        yield output.block
        output.block.count = 0
        used = 0
      }
      if (first.isEmpty) await first.load()
    }
    if (output.block.count > 0) yield output.block
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
}

function isFull({ bytes, block }: ReadBuffer, used: number): boolean {
  return block.count === block.timeUs.length || bytes.length - used < recordBytesMax
}

function earliest(cursors: readonly Cursor[], besides: Cursor | null): Cursor | null {
  let best: Cursor | null = null
  for (const cursor of cursors) {
    if (cursor === besides || cursor.isEmpty) continue
    if (best === null || cursor.key < best.key) best = cursor
  }
  return best
}

/** Copies the packets of `from` that come before `until`, as far as there is room. Returns the bytes used. */
function copyRun(
  from: Cursor,
  until: number,
  includesEqual: boolean,
  output: ReadBuffer,
  used: number,
): number {
  const { bytes, block } = output
  while (
    !from.isEmpty &&
    (from.key < until || (includesEqual && from.key === until)) &&
    !isFull(output, used)
  ) {
    const source = from.block
    const row = from.row
    const start = source.offset[row]!
    const length = source.capturedLength[row]!
    // Sources are ours and keep to recordBytesMax; `set` would throw on more.
    bytes.set(source.bytes.subarray(start, start + length), used)
    block.timeUs[block.count] = source.timeUs[row]!
    block.offset[block.count] = used
    block.capturedLength[block.count] = length
    block.originalLength[block.count] = source.originalLength[row]!
    block.linkType[block.count] = source.linkType[row]!
    block.count++
    used += length
    from.next()
  }
  return used
}

/** Where one source stands. `key` is the merge time of its packet at `row`; it never goes back. */
class Cursor {
  readonly #blocks: AsyncIterator<PacketBlock>
  #block: PacketBlock | null = null
  row = 0
  key = -Infinity

  constructor(source: Source) {
    this.#blocks = source.blocks()[Symbol.asyncIterator]()
  }

  /** True when the block is used up: `load` the next. After that: when the source has ended. */
  get isEmpty(): boolean {
    return this.#block === null
  }

  get block(): PacketBlock {
    if (this.#block === null) throw new RangeError('cursor read past its block')
    return this.#block
  }

  async load(): Promise<void> {
    do {
      const next = await this.#blocks.next()
      this.#block = next.done === true ? null : next.value
    } while (this.#block?.count === 0)
    this.row = 0
    if (this.#block !== null) this.key = keyOf(this.#block, 0, this.key)
  }

  next(): void {
    this.row++
    if (this.row >= this.block.count) this.#block = null
    else this.key = keyOf(this.block, this.row, this.key)
  }

  /** Whether every packet that is left of the block comes before `until`. */
  isWholeBefore(until: number, includesEqual: boolean): boolean {
    let key = this.key
    for (let row = this.row; row < this.block.count; row++) {
      if (row > this.row) key = keyOf(this.block, row, key)
      if (key > until || (key === until && !includesEqual)) return false
    }
    return true
  }

  takeBlock(): PacketBlock {
    const taken = this.block
    for (let row = this.row + 1; row < taken.count; row++) this.key = keyOf(taken, row, this.key)
    this.#block = null
    return taken
  }

  async close(): Promise<void> {
    await this.#blocks.return?.()
  }
}

/** Merge time of a packet, given that of the packet before it. */
function keyOf({ timeUs, count }: PacketBlock, row: number, before: number): number {
  const own = timeUs[row]!
  if (own <= before) return before
  if (own - before <= jumpUsMax) return own
  const following = row + 1 < count ? timeUs[row + 1]! : undefined
  if (following !== undefined && Math.abs(following - own) <= jumpUsMax) return own
  if (before !== -Infinity) return before
  return following === undefined ? own : Math.min(own, following)
}

function sumOf(maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>()
  for (const map of maps)
    for (const [cause, count] of map) sum.set(cause, (sum.get(cause) ?? 0) + count)
  return sum
}

/** Every source counts the same; null as soon as the end of one is unknown. */
function meanOf(shares: readonly (number | null)[]): number | null {
  let sum = 0
  for (const share of shares) {
    if (share === null) return null
    sum += share
  }
  return shares.length === 0 ? 1 : sum / shares.length
}
