import { createFlowBatch, type FlowBatch } from '../../records/flow-batch.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { observation } from './observation.ts'

/** One flow view as the series see it: what the other columns hold does not matter to them. */
export interface View {
  readonly host: string
  readonly peer: string | null
  readonly timeUs: TimeUs
  readonly isOrig: boolean
  readonly isFirst: boolean
  readonly service: string | null
  readonly protocol: number
  readonly respPort: number
  readonly origPackets: number
  readonly respPackets: number
  readonly origIpBytes: number
  readonly respIpBytes: number
}

/** 2026-03-02T08:00:00Z, a whole minute. */
export const seriesStartUs: TimeUs = 1_772_438_400 * secondUs

export function view(fields: Partial<View> & { readonly atSeconds?: number } = {}): View {
  const { atSeconds = 0, ...given } = fields
  return {
    host: 'north|lan|ip:10.0.0.1',
    peer: 'north|lan|ip:10.0.0.2',
    timeUs: seriesStartUs + atSeconds * secondUs,
    isOrig: true,
    isFirst: true,
    service: null,
    protocol: 6,
    respPort: 104,
    origPackets: 3,
    respPackets: 2,
    origIpBytes: 300,
    respIpBytes: 80,
    ...given,
  }
}

/** A batch of views, by host and time as on the bus. */
export function flowsOf(views: readonly View[]): FlowBatch {
  const batch = createFlowBatch(Math.max(1, views.length))
  const codes = {
    host: new Map<string, number>(),
    peer: new Map<string, number>(),
    service: new Map<string, number>(),
  }
  const codeOf = (column: 'host' | 'peer' | 'service', text: string | null) => {
    if (text === null) return -1
    const code = codes[column].get(text) ?? batch[column].values.push(text) - 1
    codes[column].set(text, code)
    return code
  }
  const sorted = views.toSorted((a, b) =>
    a.host === b.host ? a.timeUs - b.timeUs : a.host < b.host ? -1 : 1,
  )
  for (const [row, one] of sorted.entries()) {
    batch.host.codes[row] = codeOf('host', one.host)
    batch.peer.codes[row] = codeOf('peer', one.peer)
    batch.service.codes[row] = codeOf('service', one.service)
    batch.isOrig[row] = one.isOrig ? 1 : 0
    batch.isFirst[row] = one.isFirst ? 1 : 0
    batch.timeUs[row] = one.timeUs
    batch.protocol[row] = one.protocol
    batch.respPort[row] = one.respPort
    batch.origPackets[row] = one.origPackets
    batch.respPackets[row] = one.respPackets
    batch.origIpBytes[row] = one.origIpBytes
    batch.respIpBytes[row] = one.respIpBytes
  }
  batch.rowCount = views.length
  return batch
}

/** One message of these views; its clock is that of the latest unless told. */
export function messageOf(
  views: readonly View[],
  fields: Partial<ObservationMessage> = {},
): ObservationMessage {
  return observation({
    site: 'north',
    clockUs: Math.max(...views.map(({ timeUs }) => timeUs)),
    flows: flowsOf(views),
    ...fields,
  })
}
