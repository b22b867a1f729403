import { formatIp, parseIp } from '../../records/address.ts'
import { createFlowBatch, type FlowBatch } from '../../records/flow-batch.ts'
import {
  addressKey,
  type ObservationMessage,
  type SensorHealth,
} from '../../records/observation.ts'
import { createSummaryBatch, type SummaryBatch } from '../../records/summary-batch.ts'

export interface ViewsOptions {
  readonly views: number
  readonly hosts: number
  readonly rowsPerMessage: number
  readonly seed: number
}

/**
 * Messages as a sensor makes them: 95 of 100 rows are flow views, 5 are summaries; each message's rows are sorted by
 * (host, time) and its hosts drawn at random, its peers from eight of each host. The same seed gives the same messages.
 */
export function generateMessages({
  views,
  hosts,
  rowsPerMessage,
  seed,
}: ViewsOptions): ObservationMessage[] {
  const random = mulberry32(seed)
  const keys = Array.from({ length: hosts }, (_, host) =>
    addressKey('site', 'lan', formatIp(addressOf(host))),
  )
  const messages: ObservationMessage[] = []
  for (let done = 0; done < views; done += rowsPerMessage) {
    const rows = Math.min(rowsPerMessage, views - done)
    const startUs = 1_790_000_000_000_000 + done * 10
    const summaryRows = Array.from({ length: rows }, () => random() < 0.05).filter(Boolean).length
    const flows = createFlowBatch(rows - summaryRows)
    const summaries = createSummaryBatch(summaryRows)
    fillFlows(flows, rows - summaryRows, startUs, done, keys, random)
    fillSummaries(summaries, summaryRows, startUs, done, keys, random)
    messages.push(wrap(flows, summaries, messages.length + 1, startUs + rows * 10))
  }
  return messages
}

function fillFlows(
  batch: FlowBatch,
  rows: number,
  startUs: number,
  done: number,
  keys: readonly string[],
  random: () => number,
): void {
  const code = { host: new Map<string, number>(), peer: new Map<string, number>() }
  const hosts = drawHosts(rows, keys.length, random)
  batch.service.values = ['tls', 'dicom', 'hl7', 'dns']
  for (let row = 0; row < rows; row++) {
    const host = hosts[row]!
    const peer = (host * 7 + Math.floor(random() * 8) * 131) % keys.length
    const isOrig = random() < 0.5
    batch.host.codes[row] = codeOf(keys[host]!, batch.host.values, code.host)
    batch.peer.codes[row] = codeOf(keys[peer]!, batch.peer.values, code.peer)
    batch.isOrig[row] = isOrig ? 1 : 0
    batch.timeUs[row] = startUs + row * 10
    batch.sequence[row] = done + row + 1
    batch.flowId[row] = done + row + 1
    batch.kind[row] = 2
    batch.isFirst[row] = 1
    batch.connState[row] = 2
    batch.endReason[row] = 3
    batch.protocol[row] = 6
    batch.origIp.set(addressOf(isOrig ? host : peer), row * 16)
    batch.respIp.set(addressOf(isOrig ? peer : host), row * 16)
    batch.origPort[row] = 49_152 + Math.floor(random() * 16_000)
    batch.respPort[row] = [443, 104, 2_575, 53][peer % 4]!
    batch.origMac[row * 6 + 5] = host & 0xff
    batch.respMac[row * 6 + 5] = peer & 0xff
    batch.flowStartUs[row] = startUs + row * 10 - 1_000
    batch.flowLastUs[row] = startUs + row * 10
    batch.origPackets[row] = 1 + Math.floor(random() * 20)
    batch.respPackets[row] = 1 + Math.floor(random() * 20)
    batch.origIpBytes[row] = 60 + Math.floor(random() * 20_000)
    batch.respIpBytes[row] = 60 + Math.floor(random() * 20_000)
    batch.origPayloadBytes[row] = batch.origIpBytes[row]! - 40
    batch.respPayloadBytes[row] = batch.respIpBytes[row]! - 40
    batch.firstTcpFlags[row] = 2
    batch.origTcpFlags[row] = 27
    batch.respTcpFlags[row] = 27
    batch.service.codes[row] = peer % 4
  }
  batch.rowCount = rows
}

function fillSummaries(
  batch: SummaryBatch,
  rows: number,
  startUs: number,
  done: number,
  keys: readonly string[],
  random: () => number,
): void {
  const code = { host: new Map<string, number>(), peer: new Map<string, number>() }
  const hosts = drawHosts(rows, keys.length, random)
  batch.service.values = ['ftp']
  batch.event.values = ['login']
  batch.reason.values = ['530']
  for (let row = 0; row < rows; row++) {
    batch.host.codes[row] = codeOf(keys[hosts[row]!]!, batch.host.values, code.host)
    batch.peer.codes[row] = codeOf(
      keys[(hosts[row]! * 7) % keys.length]!,
      batch.peer.values,
      code.peer,
    )
    batch.timeUs[row] = startUs + row * 200
    batch.sequence[row] = done + 1e9 + row
    batch.flowId[row] = done + row + 1
    batch.outcome[row] = 2
    batch.ttlSeconds[row] = NaN
    for (const texts of [
      batch.name,
      batch.client,
      batch.server,
      batch.version,
      batch.addresses,
      batch.details,
    ])
      texts[row] = null
  }
  batch.rowCount = rows
}

function drawHosts(rows: number, hosts: number, random: () => number): Uint32Array {
  return Uint32Array.from({ length: rows }, () => Math.floor(random() * hosts)).sort()
}

function codeOf(text: string, values: string[], code: Map<string, number>): number {
  const known = code.get(text)
  if (known !== undefined) return known
  const next = values.push(text) - 1
  code.set(text, next)
  return next
}

function addressOf(host: number): Uint8Array {
  return parseIp(`10.60.${host >> 8}.${host & 0xff}`) ?? new Uint8Array(16)
}

const health: SensorHealth = {
  startedUs: 0,
  packets: 0,
  bytes: 0,
  flows: 0,
  dropped: 0,
  rejects: {},
  duplicates: 0,
  clamped: 0,
  oneWayFlows: 0,
  judgedFlows: 0,
}

function wrap(
  flows: FlowBatch,
  summaries: SummaryBatch,
  sequence: number,
  clockUs: number,
): ObservationMessage {
  return {
    kind: 'data',
    site: 'site',
    sensor: 'bench',
    run: 'bench',
    sequence,
    clockUs,
    health,
    flows: flows.rowCount > 0 ? flows : null,
    summaries: summaries.rowCount > 0 ? summaries : null,
  }
}

/** A seeded generator, 0 ≤ x < 1 (mulberry32, by Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
