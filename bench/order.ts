import assert from 'node:assert/strict'
import { decodeObservation, encodeObservation } from '../records/codec.ts'
import type { DictionaryColumn } from '../records/columns.ts'
import {
  type BenchResult,
  type BenchSize,
  coreClock,
  measureInRounds,
  type Spread,
} from './harness.ts'
import { generateMessages } from './support/views.ts'

const seed = 20_267
const hosts = 5_000
const sizes = {
  small: { views: 40_000, rounds: 3 },
  full: { views: 1_000_000, rounds: 3 },
} as const

/** What order costs: decoding messages and walking their runs host by host, at three sizes of message. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { views, rounds } = sizes[size]
  const notes: string[] = []
  let atFull: Spread | null = null
  for (const rowsPerMessage of [10, 100, 2_000]) {
    // Small messages cost so much more that a tenth of the views tells as much.
    const count = rowsPerMessage === 2_000 ? views : views / 10
    const messages = generateMessages({ views: count, hosts, rowsPerMessage, seed })
    const encoded = messages.map(encodeObservation)
    const encode = await perCoreSecond(() => {
      for (const message of messages) encodeObservation(message)
      return count
    }, rounds)
    const decode = await perCoreSecond(() => {
      for (const bytes of encoded) decodeObservation(bytes)
      return count
    }, rounds)
    const walk = await perCoreSecond(() => {
      const states = new Map<string, HostState>()
      for (const bytes of encoded) takeMessage(states, bytes)
      assert.equal(countOf(states), count, 'every view is counted once')
      return count
    }, rounds)
    const bytesPerRow = encoded.reduce((sum, bytes) => sum + bytes.length, 0) / count
    notes.push(
      `${rowsPerMessage} rows a message: ${thousands(encode.median)} views per core second encoded, ${thousands(decode.median)} decoded, ` +
        `${thousands(walk.median)} decoded and walked; ${bytesPerRow.toFixed(0)} B a view`,
    )
    atFull = walk
  }
  assert(atFull !== null)
  return {
    name: 'order',
    claim:
      'A message is decoded and its runs are walked host by host, in order of time, before anything is detected.',
    input: `${views.toLocaleString('en')} views over ${hosts} hosts, 5 % summaries, sorted by (host, time), seed ${seed}`,
    rounds,
    ratio: null,
    ours: { value: atFull.median, unit: 'views per core second', spread: atFull },
    peer: null,
    notes: [
      'One ring of 64 times and one map of relations per host; at 2,000 rows a message.',
      ...notes,
    ],
    bar: null,
    goal: { min: 300_000 },
  }
}

/** Units per second of processor time over the rounds, after a warm-up. */
function perCoreSecond(work: () => number, rounds: number): Promise<Spread> {
  return measureInRounds(work, rounds, 1, coreClock)
}

interface HostState {
  readonly recentUs: Float64Array
  recentCount: number
  readonly relations: Map<string, { flows: number; ipBytes: number; lastUs: number }>
  failures: number
}

function takeMessage(states: Map<string, HostState>, bytes: Uint8Array): void {
  const { flows, summaries } = decodeObservation(bytes)
  if (flows !== null) {
    forEachRun(flows.host, flows.rowCount, (host, from, to) => {
      const state = stateOf(states, host)
      for (let row = from; row < to; row++) {
        state.recentUs[state.recentCount++ & 63] = flows.timeUs[row]!
        const peer = flows.peer.codes[row]!
        if (peer < 0) continue
        const key = `${flows.peer.values[peer]!}|${flows.respPort[row]!}`
        const relation = state.relations.get(key)
        const ipBytes = flows.origIpBytes[row]! + flows.respIpBytes[row]!
        if (relation === undefined)
          state.relations.set(key, { flows: 1, ipBytes, lastUs: flows.timeUs[row]! })
        else {
          relation.flows++
          relation.ipBytes += ipBytes
          relation.lastUs = flows.timeUs[row]!
        }
      }
    })
  }
  if (summaries !== null) {
    forEachRun(summaries.host, summaries.rowCount, (host, from, to) => {
      const state = stateOf(states, host)
      for (let row = from; row < to; row++) if (summaries.outcome[row] === 2) state.failures++
    })
  }
}

function forEachRun(
  host: DictionaryColumn,
  rowCount: number,
  take: (host: string, from: number, to: number) => void,
): void {
  for (let from = 0; from < rowCount;) {
    const code = host.codes[from]!
    let to = from + 1
    while (to < rowCount && host.codes[to] === code) to++
    take(host.values[code]!, from, to)
    from = to
  }
}

function stateOf(states: Map<string, HostState>, host: string): HostState {
  let state = states.get(host)
  if (state === undefined) {
    state = { recentUs: new Float64Array(64), recentCount: 0, relations: new Map(), failures: 0 }
    states.set(host, state)
  }
  return state
}

function countOf(states: Map<string, HostState>): number {
  let sum = 0
  for (const { recentCount, failures } of states.values()) sum += recentCount + failures
  return sum
}

function thousands(value: number): string {
  return `${Math.round(value / 1_000).toLocaleString('en')} k`
}
