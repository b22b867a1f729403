import assert from 'node:assert/strict'
import { engineConfigSchema } from '../analyzer/config.ts'
import { detectors } from '../analyzer/detectors/index.ts'
import { configureDetector, createEngine } from '../analyzer/engine.ts'
import { formatIp, parseIp } from '../records/address.ts'
import { decodeObservation, encodeObservation } from '../records/codec.ts'
import { reserve } from '../records/columns.ts'
import {
  createFlowBatch,
  type FlowBatch,
  flowBatchFormat,
  recordKind,
} from '../records/flow-batch.ts'
import { addressKey, type ObservationMessage } from '../records/observation.ts'
import { createDeclaredPolicy } from '../inventory/declared.ts'
import { inventoryConfigSchema } from '../inventory/config.ts'
import { type BenchResult, type BenchSize, compareInRounds, coreClock } from './harness.ts'

const hostCount = 5_000
/** Servers that each host uses. */
const serversPerHost = 8
const rowsPerMessage = 2_000
const seed = 7
/** Messages that teach: each host meets each of its servers once. */
const teachingCount = (hostCount * serversPerHost * 2) / rowsPerMessage

/** All detectors and approved baselines over decoded batches, against a loop that makes one object a view and does one Map update. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const messageCount = teachingCount + (size === 'small' ? 20 : 260)
  const messages = asRecordings(createMessages(messageCount)).map((message) =>
    decodeObservation(encodeObservation(message)),
  )
  const views = messageCount * rowsPerMessage
  const rounds = size === 'small' ? 3 : 7
  const { ratio, ours, peer, spreads } = await compareInRounds({
    rounds,
    now: coreClock,
    ours: () => judge(messages),
    peer: () => countByObject(messages, views),
  })
  return {
    name: 'analyzer',
    claim:
      'The engine gives every view to every detector and learns it, against an approved baseline of each host.',
    input: `${views} flow views of ${hostCount} hosts in messages of ${rowsPerMessage}, seed ${seed}`,
    rounds,
    ratio,
    ours: { value: ours, unit: 'views per core second', spread: spreads.ours },
    peer: {
      name: 'one object a view and one Map update, nothing detected',
      value: peer,
      unit: 'views per core second',
      spread: spreads.peer,
    },
    notes: [
      `The first ${teachingCount} messages teach: then every baseline is approved, and new destinations are judged.`,
      'Decoding is not included; both read the same batches, which have crossed the codec once.',
    ],
    bar: null,
    goal: { min: 300_000 },
  }
}

/** The same messages as a recording that teaches and one that is judged. */
function asRecordings(messages: readonly ObservationMessage[]): ObservationMessage[] {
  const begin = (teaches: boolean): ObservationMessage => ({
    ...messages[0]!,
    kind: 'recording',
    recording: { name: teaches ? 'taught' : 'judged', teaches },
    flows: null,
  })
  const [taught, judged] = [messages.slice(0, teachingCount), messages.slice(teachingCount)]
  return [begin(true), ...taught, begin(false), ...judged].map((message, at) => ({
    ...message,
    sequence: at + 1,
  }))
}

function viewsIn(messages: readonly ObservationMessage[]): number {
  return messages.reduce((sum, { flows }) => sum + (flows?.rowCount ?? 0), 0)
}

/** A new engine each time: baselines and windows begin empty. */
function judge(messages: readonly ObservationMessage[]): number {
  const policy = createDeclaredPolicy(inventoryConfigSchema.parse({}))
  const engine = createEngine({
    detectors: detectors.map((detector) => configureDetector(detector)),
    policy,
    config: engineConfigSchema.parse({}),
    vendorOf: () => null,
  })
  const partition = engine.openPartition(0, 1)
  for (const [offset, message] of messages.entries()) partition.onMessage(message, offset)
  const { flowViews, late } = partition.stats()
  assert.equal(flowViews, viewsIn(messages))
  assert.equal(late, 0)
  return flowViews
}

function countByObject(messages: readonly ObservationMessage[], views: number): number {
  const flowsByPair = new Map<string, number>()
  let count = 0
  for (const { flows } of messages) {
    if (flows === null) continue
    for (let row = 0; row < flows.rowCount; row++) {
      const view = {
        host: flows.host.values[flows.host.codes[row]!]!,
        peer: flows.peer.values[flows.peer.codes[row]!]!,
        port: flows.respPort[row]!,
        origIp: formatIp(flows.origIp, row * 16),
      }
      const pair = `${view.host} ${view.peer} ${view.port}`
      flowsByPair.set(pair, (flowsByPair.get(pair) ?? 0) + 1)
      count++
    }
  }
  assert.equal(count, views)
  return count
}

/** Every message: flows of random clients to one of the servers each of them uses; both views; sorted by host. */
function createMessages(count: number): ObservationMessage[] {
  const random = mulberry32(seed)
  const addresses = Array.from({ length: hostCount }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const keys = addresses.map((address) => addressKey('default', 'default', address))
  const bytes = addresses.map((address) => parseIp(address)!)
  let sequence = 0
  return Array.from({ length: count }, (_, number): ObservationMessage => {
    const views = Array.from({ length: rowsPerMessage / 2 }, () => {
      const orig = number < teachingCount ? sequence % hostCount : Math.floor(random() * hostCount)
      const server =
        number < teachingCount
          ? Math.floor(sequence / hostCount)
          : Math.floor(random() * serversPerHost)
      const resp = (orig * 7 + server) % hostCount
      return {
        orig,
        resp,
        sequence: ++sequence,
        isAnswered: number < teachingCount || random() < 0.98,
        port: [443, 104, 2575, 445][resp % 4]!,
      }
    }).flatMap((flow) => [
      { ...flow, host: flow.orig, isOrig: true },
      { ...flow, host: flow.resp, isOrig: false },
    ])
    views.sort(
      (a, b) => a.host - b.host || a.sequence - b.sequence || Number(b.isOrig) - Number(a.isOrig),
    )
    const timeUs = 1_772_438_400_000_000 + number * 100_000
    const flows = createFlowBatch(rowsPerMessage)
    reserve(flowBatchFormat, flows, rowsPerMessage)
    const codes = new Map<number, number>()
    const codeOf = (host: number) => {
      const known = codes.get(host)
      if (known !== undefined) return known
      codes.set(host, codes.size)
      flows.host.values.push(keys[host]!)
      return codes.size - 1
    }
    for (const view of views)
      append(
        flows,
        codeOf(view.host),
        codeOf(view.isOrig ? view.resp : view.orig),
        timeUs,
        view,
        bytes,
      )
    flows.peer.values = flows.host.values
    return {
      kind: 'data',
      site: 'default',
      sensor: 'bench',
      run: 'bench',
      sequence: number + 1,
      clockUs: timeUs,
      summaries: null,
      flows,
      health: {
        startedUs: 1_772_438_400_000_000,
        packets: 0,
        bytes: 0,
        flows: 0,
        dropped: 0,
        rejects: {},
        duplicates: 0,
        clamped: 0,
        oneWayFlows: 0,
        judgedFlows: 0,
      },
    }
  })
}

interface View {
  readonly orig: number
  readonly resp: number
  readonly isOrig: boolean
  readonly sequence: number
  readonly isAnswered: boolean
  readonly port: number
}

function append(
  batch: FlowBatch,
  host: number,
  peer: number,
  timeUs: number,
  view: View,
  addresses: readonly Uint8Array[],
): void {
  const row = batch.rowCount++
  batch.host.codes[row] = host
  batch.peer.codes[row] = peer
  batch.isOrig[row] = Number(view.isOrig)
  batch.timeUs[row] = batch.flowStartUs[row] = batch.flowLastUs[row] = timeUs
  batch.sequence[row] = batch.flowId[row] = view.sequence
  batch.kind[row] = recordKind.start
  batch.isFirst[row] = 1
  batch.connState[row] = view.isAnswered ? 1 : 0
  batch.protocol[row] = 6
  batch.origIp.set(addresses[view.orig]!, row * 16)
  batch.respIp.set(addresses[view.resp]!, row * 16)
  batch.origPort[row] = 50_000
  batch.respPort[row] = view.port
  batch.origPackets[row] = 1
  batch.respPackets[row] = Number(view.isAnswered)
  batch.origIpBytes[row] = 40
  batch.firstTcpFlags[row] = batch.origTcpFlags[row] = 2
  batch.respTcpFlags[row] = view.isAnswered ? 18 : 0
  batch.service.codes[row] = -1
}

/** A small seeded generator (mulberry32, public domain). */
function mulberry32(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
