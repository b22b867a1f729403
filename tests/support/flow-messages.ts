import { parseIp } from '../../records/address.ts'
import { encodeObservation } from '../../records/codec.ts'
import { reserve } from '../../records/columns.ts'
import { createFlowBatch, type FlowBatch, flowBatchFormat } from '../../records/flow-batch.ts'
import { addressKey, type ObservationMessage } from '../../records/observation.ts'

/** One record of a flow, as a test tells it; what it leaves out has a plain value. */
export interface FlowLine {
  readonly orig: string
  readonly resp: string
  readonly lastUs: number
  readonly startUs?: number
  readonly timeUs?: number
  readonly origPort?: number
  readonly respPort?: number
  readonly origIpBytes?: number
  readonly respIpBytes?: number
  readonly origPayloadBytes?: number
  readonly respPayloadBytes?: number
  readonly origPackets?: number
  readonly respPackets?: number
  readonly kind?: number
  readonly isFirst?: number
  readonly connState?: number
  readonly endReason?: number
  readonly protocol?: number
  readonly vlan?: number
  readonly service?: string | null
  readonly origMac?: number
  readonly duplicatePackets?: number
  /** The responder has no key: a group address. */
  readonly isToGroup?: boolean
  /** The originator has no key, so that the responder's view is the only one. */
  readonly isFromNobody?: boolean
}

export const keyOf = (address: string) => addressKey('site', 'lan', address)

/** Both views of each record, sorted by host as on the bus. */
export function flowBatch(lines: readonly FlowLine[]): FlowBatch {
  const views = lines.flatMap((line) => [
    ...(line.isFromNobody === true ? [] : [{ line, isOrig: true }]),
    ...(line.isToGroup === true ? [] : [{ line, isOrig: false }]),
  ])
  const batch = createFlowBatch(1)
  reserve(flowBatchFormat, batch, Math.max(1, views.length))
  const codes = new Map<string, number>()
  const codeOf = (column: { values: string[] }, text: string) => {
    const known = column.values.indexOf(text)
    codes.set(text, known)
    return known >= 0 ? known : column.values.push(text) - 1
  }
  views.forEach(({ line, isOrig }, row) => {
    const [own, other] = isOrig ? [line.orig, line.resp] : [line.resp, line.orig]
    const hasPeer = isOrig ? line.isToGroup !== true : line.isFromNobody !== true
    batch.host.codes[row] = codeOf(batch.host, keyOf(own))
    batch.peer.codes[row] = hasPeer ? codeOf(batch.peer, keyOf(other)) : -1
    batch.isOrig[row] = isOrig ? 1 : 0
    batch.timeUs[row] = line.timeUs ?? line.lastUs + 1_000_000
    batch.sequence[row] = row + 1
    batch.flowId[row] = row + 1
    batch.kind[row] = line.kind ?? 2
    batch.isFirst[row] = line.isFirst ?? 1
    batch.connState[row] = line.connState ?? 2
    batch.endReason[row] = line.endReason ?? 3
    batch.protocol[row] = line.protocol ?? 6
    batch.vlan[row] = line.vlan ?? 0
    batch.origIp.set(parseIp(line.orig)!, row * 16)
    batch.respIp.set(parseIp(line.resp)!, row * 16)
    batch.origPort[row] = line.origPort ?? 40_000
    batch.respPort[row] = line.respPort ?? 104
    batch.origMac[row * 6 + 5] = line.origMac ?? 0
    batch.flowStartUs[row] = line.startUs ?? line.lastUs - 1_000
    batch.flowLastUs[row] = line.lastUs
    batch.origPackets[row] = line.origPackets ?? 2
    batch.respPackets[row] = line.respPackets ?? 1
    batch.origIpBytes[row] = line.origIpBytes ?? 180
    batch.respIpBytes[row] = line.respIpBytes ?? 60
    batch.origPayloadBytes[row] = line.origPayloadBytes ?? 100
    batch.respPayloadBytes[row] = line.respPayloadBytes ?? 20
    batch.duplicatePackets[row] = line.duplicatePackets ?? 0
    const service = line.service ?? null
    batch.service.codes[row] = service === null ? -1 : codeOf(batch.service, service)
  })
  batch.rowCount = views.length
  return batch
}

const health: ObservationMessage['health'] = {
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

/** A message of the observations topic with these flows, encoded. */
export function flowMessage(
  sequence: number,
  lines: readonly FlowLine[],
  over: Partial<ObservationMessage> = {},
): Uint8Array {
  const clockUs = lines.reduce((most, { lastUs }) => Math.max(most, lastUs + 1_000_000), 0)
  return encodeObservation({
    kind: 'data',
    site: 'site',
    sensor: 'sensor',
    run: 'run',
    sequence,
    clockUs,
    health,
    flows: lines.length === 0 ? null : flowBatch(lines),
    summaries: null,
    ...over,
  })
}
