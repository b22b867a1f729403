import type { ObservationMessage } from '../../../records/observation.ts'
import type { HistoryGap } from '../../segment-store.ts'

/** What has been kept of one sensor in one partition. */
export interface SourceState {
  readonly site: string
  readonly sensor: string
  readonly run: string
  sequence: number
  clockUs: number
}

/**
 * Where the rows of a segment end: stored in the segment, in the transaction of the rows. So rows and positions agree
 * whatever happens, and what comes again is known.
 */
export interface SegmentState {
  readonly version: 1
  /** Number of the live segment. */
  number: number
  partitions: Partial<Record<string, { nextOffset: number; sources: SourceState[] }>>
  /** Met since the segment began; the manifest has the earlier ones. */
  gaps: HistoryGap[]
}

export const emptyState = (): SegmentState => ({ version: 1, number: 0, partitions: {}, gaps: [] })

/** Lives of sensors remembered for one partition: beyond, the one heard longest ago is forgotten. */
const sourcesMax = 64
/** Gaps of one segment that are told apart; more are joined to the last one of their sensor. */
const gapsMax = 1_000

/** Notes a message. @returns whether it is new; one that was kept before changes nothing. */
export function advance(
  state: SegmentState,
  partition: number,
  message: Pick<ObservationMessage, 'kind' | 'site' | 'sensor' | 'run' | 'sequence' | 'clockUs'>,
): boolean {
  // Commands come from several parties, are numbered by none and carry no flows.
  if (message.kind === 'control') return true
  const { sources } = partitionState(state, partition)
  const { site, sensor, run, sequence, clockUs } = message
  const lives = sources.filter((one) => one.site === site && one.sensor === sensor)
  const known = lives.find((one) => one.run === run)
  if (known !== undefined && sequence <= known.sequence) return false
  const last = known ?? lives.reduce<SourceState | null>(latest, null)
  const missing = sequence - (known?.sequence ?? 0) - 1
  const reason = missing > 0 ? 'messages-missing' : known === undefined ? 'not-watched' : null
  if (last !== null && reason !== null && last.clockUs > 0 && clockUs >= last.clockUs) {
    // Messages may be missing within one tick of the clock: the gap is no shorter than that.
    const gap = { site, sensor, partition, fromUs: last.clockUs, toUs: clockUs + 1 }
    addGap(state, { ...gap, reason, messages: missing })
  }
  if (known !== undefined) {
    known.sequence = sequence
    known.clockUs = Math.max(known.clockUs, clockUs)
  } else {
    sources.push({ site, sensor, run, sequence, clockUs })
    if (sources.length > sourcesMax)
      sources.splice(sources.indexOf(sources.reduce((a, b) => (b.clockUs < a.clockUs ? b : a))), 1)
  }
  return true
}

export function partitionState(state: SegmentState, partition: number) {
  return (state.partitions[partition] ??= { nextOffset: 0, sources: [] })
}

function latest(best: SourceState | null, one: SourceState): SourceState {
  return best === null || one.clockUs > best.clockUs ? one : best
}

function addGap(state: SegmentState, gap: HistoryGap): void {
  const index = state.gaps.findLastIndex(
    (one) => one.sensor === gap.sensor && one.site === gap.site && one.partition === gap.partition,
  )
  const before = state.gaps[index]
  if (state.gaps.length < gapsMax || before === undefined) state.gaps.push(gap)
  else state.gaps[index] = { ...before, toUs: gap.toUs, messages: before.messages + gap.messages }
}
