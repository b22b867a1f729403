import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import { parseHostKey } from '../../records/observation.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { protocolName } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'
import { rememberNewest } from '../sketches/sliding-count.ts'

const thresholds = z.strictObject({
  failuresMin: z.int().min(2).describe('refused attempts in a row before a success that pages'),
  failuresLowMin: z
    .int()
    .min(2)
    .describe('refused attempts in a row before a success that is only listed'),
  windowSeconds: z
    .number()
    .positive()
    .describe('longest pause within the run, and between its last failure and the success'),
  score: z.number().min(0).max(1).describe('weight from failuresMin on: critical from 0.85'),
  scoreLow: z.number().min(0).max(1).describe('weight from failuresLowMin on: low from 0.3'),
})
type Thresholds = z.output<typeof thresholds>

const usual = { failuresMin: 7, failuresLowMin: 5, windowSeconds: 900, score: 0.9, scoreLow: 0.4 }

/** A run of refused logins of one source at one service of this host, then one that is let in. */
export const loginAfterBurst = defineDetector({
  behaviour: 'login-after-burst',
  title: 'Login after a burst of failures',
  attack: ['T1110', 'T1078'],
  view: 'target',
  needs: { bothDirections: true, payload: true, history: 'none' },
  config: perClass(thresholds, { unknown: usual, medical: usual, server: usual, scanner: usual }),
  create: (config) => ({
    onSummaries(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (!isLogin(batch, row)) continue
        if (batch.outcome[row] === outcomeCode.failure) onFailure(limits, batch, row, host)
        else if (batch.outcome[row] === outcomeCode.success)
          onSuccess(limits, batch, row, host, out)
      }
    },
  }),
})

/** Sources × services of one target watched at a time; the one heard of longest ago is forgotten and counted. */
const runsMax = 64

/** Failures in a row, no two further apart than the window. */
interface Run {
  oldestUs: TimeUs
  newestUs: TimeUs
  count: number
}

interface State {
  runs: Map<string, Run>
  runsForgotten: number
}

const section: Section<State> = {
  name: 'login-after-burst',
  version: 1,
  create: () => ({ runs: new Map(), runsForgotten: 0 }),
}

/** An attempt of whatever protocol; a DICOM association is one too (PS3.8 §9.3). Attempts of unknown outcome say nothing. */
function isLogin(batch: SummaryBatch, row: number): boolean {
  if (batch.isOrig[row] !== 0 || batch.peer.codes[row]! < 0) return false
  const event = textAt(batch.event, row)
  return event === 'login' || event === 'association'
}

function runName(batch: SummaryBatch, row: number): string {
  return `${textAt(batch.service, row) ?? 'unknown'}|${textAt(batch.peer, row)!}`
}

function onFailure(limits: Thresholds, batch: SummaryBatch, row: number, host: Host): void {
  const state = host.section(section)
  const name = runName(batch, row)
  const timeUs = batch.timeUs[row]!
  const old = state.runs.get(name)
  const goesOn = old !== undefined && timeUs - old.newestUs <= limits.windowSeconds * secondUs
  const run: Run = goesOn ? old : { oldestUs: timeUs, newestUs: timeUs, count: 0 }
  run.newestUs = timeUs
  run.count++
  if (rememberNewest(state.runs, name, run, runsMax) !== undefined) state.runsForgotten++
}

function onSuccess(
  limits: Thresholds,
  batch: SummaryBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const name = runName(batch, row)
  if (host.peek(section)?.runs.has(name) !== true) return
  const state = host.section(section)
  const run = state.runs.get(name)!
  state.runs.delete(name)
  const timeUs = batch.timeUs[row]!
  if (timeUs - run.newestUs > limits.windowSeconds * secondUs || run.count < limits.failuresLowMin)
    return
  report(limits, run, batch, row, state, host, out)
}

function report(
  limits: Thresholds,
  run: Run,
  batch: SummaryBatch,
  row: number,
  state: State,
  host: Host,
  out: Findings,
): void {
  const key = textAt(batch.peer, row)!
  const address = formatIp(batch.origIp, row * 16)
  const service = textAt(batch.service, row) ?? 'unknown'
  const port = batch.respPort[row]!
  const timeUs = batch.timeUs[row]!
  const target = host.declared.name ?? host.address ?? host.key
  out.report({
    objectGroup: key,
    score: run.count >= limits.failuresMin ? limits.score : limits.scoreLow,
    oldestUs: run.oldestUs,
    timeUs,
    count: run.count + 1,
    summary: `${address} was let in at ${target} (${service}) after ${run.count} refused logins.`,
    why: {
      failures: run.count,
      service,
      secondsSinceFailure: Math.round((timeUs - run.newestUs) / secondUs),
      failuresMin: limits.failuresMin,
      failuresLowMin: limits.failuresLowMin,
      windowSeconds: limits.windowSeconds,
      deviceClass: host.declared.deviceClass,
      ...(state.runsForgotten > 0 ? { runsForgotten: state.runsForgotten } : {}),
    },
    peers: [
      {
        key,
        address,
        mac: parseHostKey(key).mac,
        name: null,
        port: port === 0 ? null : port,
        protocol: protocolName(batch.protocol[row]!),
      },
    ],
  })
}
