import { z } from 'zod'
import { textAt } from '../../records/columns.ts'
import { type Detector, type Section } from '../../analyzer/detector.ts'
import type { TimeUs } from '../../records/time.ts'

/** One call of a hook: which, and the times of what it was given. */
export interface Call {
  readonly hook: 'flows' | 'summaries' | 'timer' | 'end' | 'control'
  readonly host: string
  readonly times: readonly TimeUs[]
}

/** A detector that writes down how it is called; `wakeAfterUs` makes it ask for a timer after each run. */
export function probe(
  calls: Call[],
  wakeAfterUs: number | null = null,
  bothDirections = false,
): Detector {
  return {
    behaviour: 'host-scan',
    title: 'probe',
    attack: [],
    view: 'self',
    needs: { bothDirections, payload: false, history: 'none' },
    config: z.unknown(),
    create: () => ({
      onFlows(batch, from, to, host) {
        calls.push({ hook: 'flows', host: host.key, times: [...batch.timeUs.subarray(from, to)] })
        if (wakeAfterUs !== null) host.wakeAt(batch.timeUs[to - 1]! + wakeAfterUs)
      },
      onSummaries(batch, from, to, host) {
        calls.push({
          hook: 'summaries',
          host: host.key,
          times: [...batch.timeUs.subarray(from, to)],
        })
      },
      onTimer: (time, host) => void calls.push({ hook: 'timer', host: host.key, times: [time] }),
      onEnd: (time, host) => void calls.push({ hook: 'end', host: host.key, times: [time] }),
      onControl: (command, host) =>
        void calls.push({ hook: 'control', host: host.key, times: [command.effectiveUs] }),
    }),
  }
}

interface Tally {
  first: TimeUs
  count: number
  peers: string[]
}

const section: Section<Tally> = {
  name: 'host-scan',
  version: 1,
  create: () => ({ first: NaN, count: 0, peers: [] }),
}

/**
 * A detector whose findings depend on every row it was given, on their order, on its timers and on the end: whatever the
 * engine does differently shows in them. Quiet for `quietUs` closes a tally.
 */
export function tally(quietUs: number): Detector {
  return {
    behaviour: 'host-scan',
    title: 'tally',
    attack: [],
    view: 'originator',
    needs: { bothDirections: false, payload: false, history: 'baseline' },
    config: z.unknown(),
    create: () => ({
      onFlows(batch, from, to, host, out) {
        for (let row = from; row < to; row++) {
          const state = host.section(section)
          if (state.count++ === 0) state.first = batch.timeUs[row]!
          state.peers = [...state.peers, textAt(batch.peer, row) ?? ''].slice(-5)
          if (state.count % 3 === 0)
            out.report(finding(state, batch.timeUs[row]!, 'flow', host.baseline.flows))
          host.wakeAt(batch.timeUs[row]! + quietUs)
        }
      },
      onSummaries(batch, from, to, host) {
        for (let row = from; row < to; row++)
          host.section(section).peers.push(`summary ${batch.name[row] ?? ''}`)
      },
      onTimer(time, host, out) {
        const state = host.section(section)
        if (state.count > 0) out.report(finding(state, time, 'timer', host.baseline.flows))
        if (state.count > 6) Object.assign(state, { count: 0, peers: [] })
      },
      onEnd(_time, host, out) {
        const state = host.peek(section)
        if (state !== null && state.count > 0)
          out.report(finding(state, state.first, 'end', host.baseline.flows))
      },
    }),
  }
}

function finding(state: Tally, timeUs: TimeUs, by: string, flows: number) {
  return {
    objectGroup: by,
    score: 0.5,
    oldestUs: state.first,
    timeUs,
    count: state.count,
    summary: state.peers.join(' '),
    why: { by, flows },
    peers: [],
  }
}
