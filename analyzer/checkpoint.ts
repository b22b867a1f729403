import type { PartitionStates } from '../store/state-store.ts'
import type { Engine, PartitionEngine } from './engine-types.ts'

/** A partition that this worker holds: its engine, and how far the store has it. */
export interface HeldPartition {
  readonly partition: number
  readonly engine: PartitionEngine
  /** Offset of the next message to judge. */
  nextOffset: number
  /** Nothing has been judged since the last checkpoint. */
  isClean: boolean
  /** Wall time, in ms, at which the next checkpoint is due. */
  dueMs: number
  /** Answers to control commands that the bus has not accepted yet; no checkpoint may cover them. */
  answersInFlight: number
  readonly epoch: number
}

/**
 * Takes the partition and reads its state: whoever held it can commit no more. Judging goes on at `nextOffset`.
 * @throws WardwatchError STATE_STORE_FAILED (may be retryable) or STATE_INCOMPATIBLE.
 */
export async function openHeld(
  engine: Engine,
  states: PartitionStates,
  partition: number,
  partitionCount: number,
  dueMs: number,
): Promise<HeldPartition> {
  const row = await states.acquire(partition)
  const sections = row.state === null ? [] : await states.load(partition)
  const opened = engine.openPartition(partition, partitionCount, { state: row.state, sections })
  return {
    partition,
    engine: opened,
    nextOffset: row.nextOffset,
    isClean: true,
    dueMs,
    answersInFlight: 0,
    epoch: row.epoch,
  }
}

/**
 * Writes what has changed, in one transaction. Call only after everything judged so far is published: anomalies after
 * the last checkpoint are sent again with the same ids, those before it never are.
 * @returns bytes of state written.
 * @throws WardwatchError PARTITION_LOST: another worker has the partition; drop it. Any other error: nothing was written
 * and what has changed is no longer marked, so the worker must end and begin anew from the last checkpoint.
 */
export async function writeCheckpoint(
  states: PartitionStates,
  held: HeldPartition,
): Promise<number> {
  if (held.isClean) return 0
  const { state, sections, removedHosts, progress } = held.engine.takeChanges()
  const { partition, epoch, nextOffset } = held
  await states.commit({
    row: { partition, epoch, nextOffset, state },
    sections,
    removedHosts,
    progress,
  })
  held.isClean = true
  return sections.reduce((bytes, section) => bytes + section.value.length, state.length)
}
