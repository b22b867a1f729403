import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import { parseHostKey } from '../../records/observation.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { protocolName } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'
import { closeQuiet, type Episode, growEpisode, openEpisode, quietAt } from '../sketches/episode.ts'
import {
  countWithin,
  forgetOlder,
  rememberNewest,
  type Seen,
  slide,
  type SlidingCount,
} from '../sketches/sliding-count.ts'

const thresholds = z.strictObject({
  failuresMin: z
    .int()
    .min(2)
    .describe('refused attempts of one source at one service within the window'),
  windowSeconds: z.number().positive().describe('how close together they must be'),
  score: z
    .number()
    .min(0)
    .max(1)
    .describe('weight of the behaviour: medium from 0.6, high from 0.75'),
})
type Thresholds = z.output<typeof thresholds>

/** Many refused logins of one source at one service of this host. */
export const loginBurst = defineDetector({
  behaviour: 'login-burst',
  title: 'Login burst',
  attack: ['T1110'],
  view: 'target',
  needs: { bothDirections: true, payload: true, history: 'none' },
  config: perClass(thresholds, {
    unknown: { failuresMin: 10, windowSeconds: 600, score: 0.65 },
    medical: { failuresMin: 8, windowSeconds: 600, score: 0.8 },
    server: { failuresMin: 30, windowSeconds: 600, score: 0.65 },
    scanner: { failuresMin: 10, windowSeconds: 600, score: 0.65 },
  }),
  create: (config) => ({
    onSummaries(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (isFailedLogin(batch, row)) onFailure(limits, batch, row, host, out)
      }
    },
    onTimer: (time, host, out) => onQuiet(config[host.declared.deviceClass], time, host, out),
    onEnd: (_time, host, out) => onQuiet(config[host.declared.deviceClass], Infinity, host, out),
  }),
})

/** Sources × services of one target watched at a time; the one heard of longest ago is forgotten and counted. */
const pairsMax = 64

interface Pair {
  readonly key: string
  readonly address: string
  readonly service: string
  readonly port: number
  readonly protocol: string
  readonly failures: SlidingCount
  failuresEver: number
  episode: (Episode & { reason: string }) | null
}

interface State {
  pairs: Map<string, Pair>
  pairsForgotten: number
}

const section: Section<State> = {
  name: 'login-burst',
  version: 1,
  create: () => ({ pairs: new Map(), pairsForgotten: 0 }),
}

/** A refused login of whatever protocol; a refused DICOM association is one too (PS3.8 §9.3.4). */
function isFailedLogin(batch: SummaryBatch, row: number): boolean {
  if (
    batch.outcome[row] !== outcomeCode.failure ||
    batch.isOrig[row] !== 0 ||
    batch.peer.codes[row]! < 0
  )
    return false
  const event = textAt(batch.event, row)
  return event === 'login' || event === 'association'
}

function onFailure(
  limits: Thresholds,
  batch: SummaryBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const state = host.section(section)
  const pair = pairOf(state, batch, row)
  const timeUs = batch.timeUs[row]!
  const reason = textAt(batch.reason, row) ?? 'refused'
  const seen: Seen = { timeUs }
  slide(pair.failures, pair.failuresEver++, seen, limits.failuresMin)
  if (pair.episode !== null) {
    pair.episode.reason = reason
    if (growEpisode(pair.episode, timeUs, pair.episode.count + 1))
      report(limits, pair, state, host, out)
    return
  }
  const windowUs = limits.windowSeconds * secondUs
  const count = countWithin(pair.failures, timeUs, windowUs)
  if (count < limits.failuresMin) return
  forgetOlder(pair.failures, timeUs, windowUs)
  const [oldest] = pair.failures.values()
  pair.episode = { ...openEpisode(oldest!.timeUs, timeUs, count), reason }
  report(limits, pair, state, host, out)
  wake(limits, state, host)
}

function pairOf(state: State, batch: SummaryBatch, row: number): Pair {
  const key = textAt(batch.peer, row)!
  const service = textAt(batch.service, row) ?? 'unknown'
  const name = `${service}|${key}`
  const pair = state.pairs.get(name) ?? {
    key,
    address: formatIp(batch.origIp, row * 16),
    service,
    port: batch.respPort[row]!,
    protocol: protocolName(batch.protocol[row]!),
    failures: new Map<number, Seen>(),
    failuresEver: 0,
    episode: null,
  }
  if (rememberNewest(state.pairs, name, pair, pairsMax) !== undefined) state.pairsForgotten++
  return pair
}

function report(limits: Thresholds, pair: Pair, state: State, host: Host, out: Findings): void {
  const { count, oldestUs, newestUs, reason } = pair.episode!
  const seconds = Math.max(1, Math.round((newestUs - oldestUs) / secondUs))
  const target = host.declared.name ?? host.address ?? host.key
  out.report({
    objectGroup: pair.key,
    score: limits.score,
    oldestUs,
    timeUs: newestUs,
    count,
    summary: `${pair.address} was refused ${count} logins (${pair.service}) at ${target} in ${seconds} s.`,
    why: {
      failures: count,
      service: pair.service,
      reason,
      seconds,
      failuresMin: limits.failuresMin,
      windowSeconds: limits.windowSeconds,
      deviceClass: host.declared.deviceClass,
      ...(state.pairsForgotten > 0 ? { pairsForgotten: state.pairsForgotten } : {}),
    },
    peers: [
      {
        key: pair.key,
        address: pair.address,
        mac: parseHostKey(pair.key).mac,
        name: null,
        port: pair.port === 0 ? null : pair.port,
        protocol: pair.protocol,
      },
    ],
  })
}

function onQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const state = host.section(section)
  const windowUs = limits.windowSeconds * secondUs
  closeQuiet(state.pairs, timeUs, windowUs, (_key, pair) => report(limits, pair, state, host, out))
  wake(limits, state, host)
}

function wake(limits: Thresholds, state: State, host: Host): void {
  const dueUs = quietAt(state.pairs, limits.windowSeconds * secondUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}
