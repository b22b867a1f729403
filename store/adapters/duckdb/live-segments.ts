import type { DuckDBInstance } from '@duckdb/node-api'
import assert from 'node:assert'
import { decodeObservation } from '../../../records/codec.ts'
import { isWardwatchError } from '../../../records/errors.ts'
import type { ObservationMessage } from '../../../records/observation.ts'
import { type HistoryFolder, moveAside, removeLive } from './history-folder.ts'
import type { AppendedHistory } from './history-requests.ts'
import { type LiveSegment, openLiveSegment } from './live-segment.ts'
import { advance, partitionState, type SegmentState } from './segment-state.ts'

export interface LiveOptions {
  readonly folder: HistoryFolder
  readonly isDurable: boolean
  readonly segmentMinutes: number
  readonly segmentRowsMax: number
}

/** The segments that are not sealed yet: the youngest is appended to, the others are complete. Calls must not overlap. */
export interface LiveSegments {
  append(
    partition: number,
    messages: readonly { readonly offset: number; readonly value: Uint8Array }[],
  ): Promise<AppendedHistory>
  /** After it, what was appended survives a crash. */
  commit(): Promise<void>
  /** By partition, the offset after the last message of the last commit. */
  positions(): Record<number, number>
  /** Oldest first. */
  complete(): readonly CompleteSegment[]
  readonly current: LiveSegment
  /** State of the youngest segment, as committed last. */
  committed(): SegmentState
  /** The segment has become a file: it is read no more. Whoever calls this closes and removes it. */
  release(number: number): LiveSegment | null
  /** Names of files that were no live segments: set aside. */
  readonly setAside: readonly string[]
  close(): Promise<void>
}

export interface CompleteSegment {
  readonly segment: LiveSegment
  /** At its end. */
  readonly state: SegmentState
}

/**
 * A segment whose time is over is complete only when it has lived so long or holds so much: a replay passes days in
 * seconds, and a file of its own for each ten minutes of them would cost more than its rows.
 */
const hastyMs = 10_000
const hastyRows = 10_000

/** Opens the segments with these numbers, and a new one if there is none; `before` is where the newest file ends. */
export async function openLiveSegments(
  instance: DuckDBInstance,
  options: LiveOptions & { readonly numbers: readonly number[]; readonly before: SegmentState },
): Promise<LiveSegments> {
  const { folder, isDurable, segmentRowsMax } = options
  const segmentUs = options.segmentMinutes * 60e6
  const complete: CompleteSegment[] = []
  const setAside: string[] = []
  for (const number of options.numbers) {
    const opened = await openKnown(instance, folder, number, setAside)
    if (opened !== null) complete.push(opened)
  }
  const youngest = complete.pop() ?? (await begin(options.before))
  let current = youngest.segment
  // Changed as messages are taken; `committed` is what the file says.
  let state: SegmentState = structuredClone(youngest.state)
  let committed = structuredClone(state)
  let endUs = endOf(current.range()?.toUs ?? null, segmentUs)
  let bornMs = performance.now()
  if (!isDurable)
    for (const own of [state, committed])
      for (const one of Object.values(own.partitions)) one!.nextOffset = 0

  async function begin(before: SegmentState): Promise<CompleteSegment> {
    const number = Math.max(before.number, ...options.numbers) + 1
    return create(number, { ...before, number, gaps: [] })
  }

  async function create(number: number, initial: SegmentState): Promise<CompleteSegment> {
    const path = folder.livePath(number)
    const opened = await openLiveSegment(instance, { path, number, initial })
    assert(opened !== null)
    return opened
  }

  /** The youngest is complete: another one goes on where it ends. */
  async function rotate(): Promise<void> {
    await commit()
    complete.push({ segment: current, state: committed })
    const next = await create(current.number + 1, {
      ...committed,
      number: current.number + 1,
      gaps: [],
    })
    current = next.segment
    state = structuredClone(next.state)
    committed = structuredClone(state)
    endUs = null
    bornMs = performance.now()
  }

  async function commit(): Promise<void> {
    await current.commit(state)
    committed = structuredClone(state)
  }

  async function take(partition: number, message: ObservationMessage): Promise<number | null> {
    if (current.rows() > 0) {
      endUs ??= endOf(message.clockUs, segmentUs)
      const isOver = endUs !== null && message.clockUs >= endUs
      const isHasty = current.rows() < hastyRows && performance.now() - bornMs < hastyMs
      if (current.rows() >= segmentRowsMax || (isOver && !isHasty)) await rotate()
    }
    if (!advance(state, partition, message)) return null
    return message.flows === null ? 0 : current.add(message.flows, message.sensor)
  }

  return {
    get current() {
      return current
    },
    setAside,
    async append(partition, messages) {
      const told = { records: 0, repeated: 0, malformed: 0 }
      for (const { offset, value } of messages) {
        if (isDurable && offset < partitionState(state, partition).nextOffset) {
          told.repeated++
          continue
        }
        const message = read(value)
        const records = message === null ? null : await take(partition, message)
        partitionState(state, partition).nextOffset = offset + 1
        if (message === null) told.malformed++
        else if (records === null) told.repeated++
        else told.records += records
      }
      return told
    },
    commit,
    positions: () =>
      Object.fromEntries(
        Object.entries(committed.partitions).map(([partition, one]) => [
          partition,
          one!.nextOffset,
        ]),
      ),
    complete: () => complete,
    committed: () => committed,
    release(number) {
      const index = complete.findIndex((one) => one.segment.number === number)
      return index < 0 ? null : complete.splice(index, 1)[0]!.segment
    },
    async close() {
      for (const { segment } of complete) await segment.close()
      await current.close()
    },
  }
}

/** When a segment ends that has come to this clock; null while there is none. */
function endOf(clockUs: number | null, segmentUs: number): number | null {
  return clockUs === null || clockUs <= 0 ? null : (Math.floor(clockUs / segmentUs) + 1) * segmentUs
}

/** Null when there is nothing in it: whoever made it was killed at once, or its disk has damaged it. */
async function openKnown(
  instance: DuckDBInstance,
  folder: HistoryFolder,
  number: number,
  setAside: string[],
): Promise<CompleteSegment | null> {
  const path = folder.livePath(number)
  try {
    const opened = await openLiveSegment(instance, { path, number })
    if (opened === null) await removeLive(folder, number)
    return opened
  } catch (error) {
    // A lock of another process passes, and so does a full disk: only what DuckDB calls damage is set aside.
    if (!(error instanceof Error && /corrupt|checksum|not a valid DuckDB/i.test(error.message)))
      throw error
    const name = `live-${number}.duckdb`
    await moveAside(folder, path, name)
    setAside.push(name)
    return null
  }
}

function read(value: Uint8Array): ObservationMessage | null {
  try {
    return decodeObservation(value)
  } catch (error) {
    if (
      isWardwatchError(error, 'RECORD_MALFORMED') ||
      isWardwatchError(error, 'RECORD_VERSION_UNKNOWN')
    )
      return null
    throw error
  }
}
