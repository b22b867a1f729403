import { parseIp } from '../../records/address.ts'
import { type BatchFormat, type BatchSpec, reserve } from '../../records/columns.ts'
import {
  type ConnState,
  connStates,
  createFlowBatch,
  type FlowBatch,
  flowBatchFormat,
  recordKind,
} from '../../records/flow-batch.ts'
import {
  addressKey,
  type ObservationMessage,
  partitionOf,
  type SensorHealth,
} from '../../records/observation.ts'
import {
  createSummaryBatch,
  type Outcome,
  outcomeCode,
  type SummaryBatch,
  summaryBatchFormat,
  type SummaryEvent,
  type SummaryService,
} from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { macBytes } from '../../simulator/packets.ts'
import { emptyHealth } from './observation.ts'

/** Where scenes begin unless told: 2026-03-02T08:00:00Z, a Monday. */
export const sceneStartUs: TimeUs = 1_772_438_400 * secondUs

/** One flow record of a scene; both endpoints get a view of it. `at` is in seconds since the start of the scene. */
export interface FlowSpec {
  readonly at: number
  readonly orig: string
  readonly resp: string
  readonly origPort?: number
  readonly respPort?: number
  readonly protocol?: 'tcp' | 'udp' | 'icmp'
  /** What came of the first contact; sets flags, state and counters as the decoder would. Default `answered`. */
  readonly outcome?: 'answered' | 'refused' | 'unanswered' | 'unreachable'
  readonly kind?: 'start' | 'update' | 'end'
  readonly isFirst?: boolean
  readonly flowId?: number
  readonly connState?: ConnState
  readonly firstTcpFlags?: number
  readonly origTcpFlags?: number
  readonly respTcpFlags?: number
  readonly origPackets?: number
  readonly respPackets?: number
  readonly origPayloadBytes?: number
  readonly respPayloadBytes?: number
  readonly vlan?: number
  readonly origMac?: string
  readonly respMac?: string
  readonly service?: string
}

/** One packet summary of a scene; both endpoints get a view of it. */
export interface SummarySpec {
  readonly at: number
  readonly orig: string
  /** Null where the other side has no key (broadcast). */
  readonly resp: string | null
  readonly service: SummaryService
  readonly event: SummaryEvent
  readonly origPort?: number
  readonly respPort?: number
  readonly protocol?: 'tcp' | 'udp' | 'arp'
  readonly outcome?: Outcome
  readonly reason?: string
  readonly name?: string
  readonly client?: string
  readonly server?: string
  readonly version?: string
  readonly addresses?: string
  readonly origMac?: string
  readonly respMac?: string
  readonly subjectMac?: string
  readonly ttlSeconds?: number
  readonly flowId?: number
  readonly vlan?: number
  readonly details?: Record<string, string | number | boolean>
}

export type RowSpec =
  ({ readonly record: 'flow' } & FlowSpec) | ({ readonly record: 'summary' } & SummarySpec)

/** How a scene is cut into messages: by the number of partitions and the most rows of a flush. */
export interface SceneOptions {
  readonly site?: string
  readonly space?: string
  readonly sensor?: string
  readonly run?: string
  readonly partitionCount?: number
  /** A flush closes at this many rows, or this many seconds (0.1) after its oldest row. */
  readonly rowsMax?: number
  readonly flushSeconds?: number
  readonly startUs?: TimeUs
  readonly health?: Partial<SensorHealth>
}

const protocolNumber = { tcp: 6, udp: 17, icmp: 1, arp: 0 } as const
const flagSyn = 2
const flagRst = 4
const flagAck = 16

/** Turns rows into messages as ingest does: every partition flushed at the same instants, hosts together, views doubled. */
export class SceneBuilder {
  readonly #options: Required<SceneOptions>
  readonly #messageSequences: number[]
  #sequence = 0
  #flowId = 0
  #clockUs: TimeUs

  constructor(options: SceneOptions = {}) {
    this.#options = {
      site: 'default',
      space: 'default',
      sensor: 'tap',
      run: 'test',
      partitionCount: 1,
      rowsMax: 2000,
      flushSeconds: 0.1,
      startUs: sceneStartUs,
      health: {},
      ...options,
    }
    this.#messageSequences = new Array<number>(this.#options.partitionCount).fill(0)
    this.#clockUs = this.#options.startUs
  }

  /** Messages of these rows, by partition, in the order they would be appended. Rows must be in the order of time. */
  rows(rows: readonly RowSpec[]): ObservationMessage[][] {
    const perPartition: ObservationMessage[][] = this.#messageSequences.map(() => [])
    let from = 0
    for (let to = 1; to <= rows.length; to++) {
      const isFull = to - from >= this.#options.rowsMax
      if (to < rows.length && !isFull && rows[to]!.at - rows[from]!.at < this.#options.flushSeconds)
        continue
      this.#flush(rows.slice(from, to), perPartition)
      from = to
    }
    return perPartition
  }

  #flush(rows: readonly RowSpec[], perPartition: ObservationMessage[][]): void {
    const numbered = rows.map((row) => ({
      row,
      sequence: ++this.#sequence,
      flowId: row.flowId ?? ++this.#flowId,
    }))
    this.#clockUs = Math.max(this.#clockUs, this.#timeOf(rows.at(-1)!.at))
    perPartition.forEach((messages, partition) => {
      const views = numbered.flatMap((n) => this.#viewsOf(n.row).map((view) => ({ ...n, ...view })))
      const own = views.filter(
        (view) => partitionOf(view.host, this.#options.partitionCount) === partition,
      )
      if (own.length === 0) return
      const hosts = [...new Set(own.map((view) => view.host))]
      const flows = createFlowBatch(16)
      const summaries = createSummaryBatch(16)
      for (const host of hosts) {
        for (const view of own.filter((v) => v.host === host)) {
          if (view.row.record === 'flow') this.#appendFlow(flows, view.row, view)
          else this.#appendSummary(summaries, view.row, view)
        }
      }
      messages.push(
        this.#message('data', partition, {
          flows: flows.rowCount > 0 ? flows : null,
          summaries: summaries.rowCount > 0 ? summaries : null,
        }),
      )
    })
  }

  /** One message of a kind without rows for every partition; the clock moves to `at` seconds when it is given. */
  mark(
    kind: 'clock' | 'recording' | 'end' | 'control',
    at?: number,
    fields: Partial<ObservationMessage> = {},
  ): ObservationMessage[][] {
    if (at !== undefined) this.#clockUs = Math.max(this.#clockUs, this.#timeOf(at))
    if (kind === 'recording') this.#clockUs = this.#options.startUs
    return this.#messageSequences.map((_, partition) => [this.#message(kind, partition, fields)])
  }

  #message(
    kind: ObservationMessage['kind'],
    partition: number,
    fields: Partial<ObservationMessage>,
  ): ObservationMessage {
    const { site, sensor, run, startUs, health } = this.#options
    return {
      kind,
      site,
      sensor,
      run,
      sequence: ++this.#messageSequences[partition]!,
      clockUs: this.#clockUs,
      health: { ...emptyHealth, startedUs: startUs, ...health },
      flows: null,
      summaries: null,
      ...fields,
    }
  }

  #timeOf(at: number): TimeUs {
    return this.#options.startUs + Math.round(at * secondUs)
  }

  keyOf(address: string): string {
    return addressKey(this.#options.site, this.#options.space, address)
  }

  #viewsOf(row: RowSpec): { host: string; peer: string | null; isOrig: boolean }[] {
    const orig = this.keyOf(row.orig)
    const resp = row.resp === null ? null : this.keyOf(row.resp)
    const views = [{ host: orig, peer: resp, isOrig: true }]
    return resp === null ? views : [...views, { host: resp, peer: orig, isOrig: false }]
  }

  #appendFlow(batch: FlowBatch, spec: FlowSpec, view: View): void {
    const row = grow(flowBatchFormat, batch)
    const outcome = spec.outcome ?? 'answered'
    const isTcp = (spec.protocol ?? 'tcp') === 'tcp'
    const isAnswered = outcome === 'answered'
    writeCommon(batch, row, spec, view, this.#timeOf(spec.at))
    batch.kind[row] = recordKind[spec.kind ?? 'start']
    batch.isFirst[row] = Number(spec.isFirst ?? (spec.kind ?? 'start') === 'start')
    const state = {
      answered: isTcp ? 'S1' : 'SF',
      refused: isTcp ? 'REJ' : 'S0',
      unanswered: 'S0',
      unreachable: 'S0',
    } as const
    batch.connState[row] = connStates.indexOf(spec.connState ?? state[outcome])
    batch.endReason[row] = spec.kind === 'end' ? 3 : 0
    batch.protocol[row] = protocolNumber[spec.protocol ?? 'tcp']
    batch.origPort[row] = spec.origPort ?? 49_000 + (view.flowId % 16_000)
    batch.respPort[row] = spec.respPort ?? (isTcp ? 443 : 53)
    batch.flowId[row] = view.flowId
    batch.flowStartUs[row] = this.#timeOf(spec.at)
    batch.flowLastUs[row] = this.#timeOf(spec.at)
    batch.origPackets[row] = spec.origPackets ?? 1
    batch.respPackets[row] =
      spec.respPackets ?? (outcome === 'answered' || outcome === 'refused' ? 1 : 0)
    batch.origIpBytes[row] = 40 * batch.origPackets[row] + (spec.origPayloadBytes ?? 0)
    batch.respIpBytes[row] = 40 * batch.respPackets[row] + (spec.respPayloadBytes ?? 0)
    batch.origPayloadBytes[row] = spec.origPayloadBytes ?? 0
    batch.respPayloadBytes[row] = spec.respPayloadBytes ?? 0
    batch.firstTcpFlags[row] = isTcp ? (spec.firstTcpFlags ?? flagSyn) : 0
    batch.origTcpFlags[row] = isTcp
      ? (spec.origTcpFlags ?? spec.firstTcpFlags ?? (isAnswered ? flagSyn | flagAck : flagSyn))
      : 0
    const answerFlags = isAnswered
      ? flagSyn | flagAck
      : outcome === 'refused'
        ? flagRst | flagAck
        : 0
    batch.respTcpFlags[row] = isTcp ? (spec.respTcpFlags ?? answerFlags) : 0
    batch.isUnreachable[row] = Number(
      outcome === 'unreachable' || (outcome === 'refused' && !isTcp),
    )
    batch.duplicatePackets[row] = 0
    batch.service.codes[row] = codeOf(batch.service.values, spec.service ?? null)
  }

  #appendSummary(batch: SummaryBatch, spec: SummarySpec, view: View): void {
    const row = grow(summaryBatchFormat, batch)
    writeCommon(batch, row, spec, view, this.#timeOf(spec.at))
    const isArp = spec.service === 'arp'
    batch.flowId[row] = isArp ? NaN : view.flowId
    batch.protocol[row] =
      protocolNumber[spec.protocol ?? (isArp ? 'arp' : spec.service === 'dns' ? 'udp' : 'tcp')]
    batch.origPort[row] = spec.origPort ?? (isArp ? 0 : 49_000 + (view.flowId % 16_000))
    batch.respPort[row] = spec.respPort ?? 0
    batch.service.codes[row] = codeOf(batch.service.values, spec.service)
    batch.event.codes[row] = codeOf(batch.event.values, spec.event)
    batch.outcome[row] = spec.outcome === undefined ? 0 : outcomeCode[spec.outcome]
    batch.reason.codes[row] = codeOf(batch.reason.values, spec.reason ?? null)
    batch.name[row] = spec.name ?? null
    batch.client[row] = spec.client ?? null
    batch.server[row] = spec.server ?? null
    batch.version[row] = spec.version ?? null
    batch.addresses[row] = spec.addresses ?? null
    writeMac(batch.subjectMac, row, spec.subjectMac)
    batch.ttlSeconds[row] = spec.ttlSeconds ?? NaN
    batch.details[row] = spec.details === undefined ? null : JSON.stringify(spec.details)
  }
}

interface View {
  readonly host: string
  readonly peer: string | null
  readonly isOrig: boolean
  readonly sequence: number
  readonly flowId: number
}

function grow<S extends BatchSpec>(
  format: BatchFormat<S>,
  batch: { rowCount: number } & Parameters<typeof reserve<S>>[1],
): number {
  const row = batch.rowCount
  reserve(format, batch, row + 1)
  batch.rowCount = row + 1
  return row
}

function writeCommon(
  batch: FlowBatch | SummaryBatch,
  row: number,
  spec: FlowSpec | SummarySpec,
  view: View,
  timeUs: TimeUs,
): void {
  batch.host.codes[row] = codeOf(batch.host.values, view.host)
  batch.peer.codes[row] = codeOf(batch.peer.values, view.peer)
  batch.isOrig[row] = Number(view.isOrig)
  batch.timeUs[row] = timeUs
  batch.sequence[row] = view.sequence
  batch.vlan[row] = spec.vlan ?? 0
  batch.origIp.set(parseIp(spec.orig) ?? new Uint8Array(16), row * 16)
  batch.respIp.set((spec.resp === null ? null : parseIp(spec.resp)) ?? new Uint8Array(16), row * 16)
  writeMac(batch.origMac, row, spec.origMac)
  writeMac(batch.respMac, row, spec.respMac)
}

function writeMac(column: Uint8Array, row: number, mac: string | undefined): void {
  column.set(mac === undefined ? new Uint8Array(6) : macBytes(mac), row * 6)
}

function codeOf(values: string[], text: string | null): number {
  if (text === null) return -1
  const code = values.indexOf(text)
  return code >= 0 ? code : values.push(text) - 1
}
