import type { FlowBatch } from '../records/flow-batch.ts'
import type { SummaryBatch } from '../records/summary-batch.ts'
import type { TimeUs } from '../records/time.ts'

/** Row after the last one of the host that row `from` belongs to. */
export function endOfHost(batch: FlowBatch | SummaryBatch, from: number): number {
  const codes = batch.host.codes
  const code = codes[from]!
  let to = from + 1
  while (to < batch.rowCount && codes[to] === code) to++
  return to
}

/** First row of `from … to − 1` that is not earlier than `timeUs`; rows are in the order of time. */
export function firstNotBefore(
  batch: FlowBatch | SummaryBatch,
  from: number,
  to: number,
  timeUs: TimeUs,
): number {
  let row = from
  while (row < to && batch.timeUs[row]! < timeUs) row++
  return row
}

/**
 * Row after the maximal run that begins at `from`: rows at or before `limitUs` that precede row `otherFrom` of the
 * other kind in (time, sequence). Always at least one row.
 */
export function endOfRun(
  batch: FlowBatch | SummaryBatch,
  from: number,
  to: number,
  other: FlowBatch | SummaryBatch | null,
  otherFrom: number,
  otherTo: number,
  limitUs: TimeUs,
): number {
  const hasOther = other !== null && otherFrom < otherTo
  const otherTimeUs = hasOther ? other.timeUs[otherFrom]! : Infinity
  const otherSequence = hasOther ? other.sequence[otherFrom]! : Infinity
  let end = from + 1
  while (end < to) {
    const timeUs = batch.timeUs[end]!
    if (timeUs > limitUs || timeUs > otherTimeUs) break
    if (timeUs === otherTimeUs && batch.sequence[end]! > otherSequence) break
    end++
  }
  return end
}

/** Whether row `a` of one kind comes before row `b` of the other in (time, sequence). */
export function isBefore(
  batch: FlowBatch | SummaryBatch,
  a: number,
  other: FlowBatch | SummaryBatch,
  b: number,
): boolean {
  const [timeUs, otherUs] = [batch.timeUs[a]!, other.timeUs[b]!]
  return timeUs < otherUs || (timeUs === otherUs && batch.sequence[a]! <= other.sequence[b]!)
}
