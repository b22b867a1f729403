import { createFlowBatch, type FlowBatch } from '../../records/flow-batch.ts'
import { addressKey, type ObservationMessage } from '../../records/observation.ts'
import { createRandom } from './trace.ts'

export interface FlowsOptions {
  readonly hosts: number
  readonly servers: number
  /** Event time from one flow to the next, on average. */
  readonly gapUs: number
  readonly startUs: number
  readonly seed: number
}

/** Server application: port, typical bytes of question and answer, share of flows whose answer differs. */
const services = [
  { name: 'hl7', port: 2575, question: 620, answer: 180, varies: 0.2 },
  { name: 'dicom', port: 104, question: 1_400, answer: 420, varies: 0.5 },
  { name: 'tls', port: 443, question: 900, answer: 5_200, varies: 0.6 },
  { name: 'dns', port: 53, question: 64, answer: 128, varies: 0.3 },
] as const

/**
 * Flows of a day in a hospital, as messages with both views: devices that deal with three to ten servers each, at
 * sizes that mostly repeat. Ports, times and durations are random to the last digit, and so are the sizes that vary.
 */
export function createFlowGenerator({ hosts, servers, gapUs, startUs, seed }: FlowsOptions) {
  const random = createRandom(seed)
  const keys = Array.from({ length: hosts + servers }, (_, host) =>
    addressKey('north', 'lan', addressOf(host)),
  )
  const peers = Array.from({ length: hosts }, () => 3 + Math.floor(random() * 8))
  let timeUs = startUs
  let sequence = 0
  let messages = 0

  /** One message of `flows` flows, two views each. */
  return function next(flows: number): ObservationMessage {
    const drawn = Array.from({ length: flows }, () => {
      timeUs += Math.floor(random() * 2 * gapUs)
      return drawFlow(timeUs)
    })
    const views = drawn.flatMap((flow) => [
      { flow, isOrig: true, host: flow.host },
      { flow, isOrig: false, host: flow.server },
    ])
    views.sort((a, b) => a.host - b.host || a.flow.lastUs - b.flow.lastUs)
    const batch = createFlowBatch(views.length)
    const codes = [new Map<number, number>(), new Map<number, number>()] as const
    batch.service.values = services.map(({ name }) => name)
    views.forEach(({ flow, isOrig }, row) => {
      const [own, other] = isOrig ? [flow.host, flow.server] : [flow.server, flow.host]
      batch.host.codes[row] = codeOf(own, batch.host.values, codes[0])
      batch.peer.codes[row] = codeOf(other, batch.peer.values, codes[1])
      batch.isOrig[row] = isOrig ? 1 : 0
      fillRow(batch, row, flow)
    })
    batch.rowCount = views.length
    return { ...envelope, sequence: ++messages, clockUs: timeUs + 2e6, flows: batch }
  }

  function drawFlow(lastUs: number) {
    const host = Math.floor(random() * hosts)
    const slot = Math.floor(random() ** 2 * peers[host]!)
    const server = hosts + ((host * 7 + slot * 131) % servers)
    const service = services[server % services.length]!
    const isUdp = service.port === 53
    const header = isUdp ? 28 : host % 3 === 0 ? 52 : 40
    const varied = random() < service.varies ? Math.floor(random() * service.answer) : 0
    const answer = service.answer + varied
    const respPackets = isUdp ? 1 : 3 + Math.ceil(answer / 1460)
    const origPackets = isUdp ? 1 : respPackets + 2
    const question = service.question + (random() < 0.1 ? Math.floor(random() * 64) : 0)
    return {
      host,
      server,
      lastUs,
      durationUs: Math.floor(-Math.log(1 - random()) * 200_000),
      origPort: 32_768 + Math.floor(random() * 28_000),
      service: server % services.length,
      port: service.port,
      isUdp,
      origPackets,
      respPackets,
      origPayloadBytes: question,
      respPayloadBytes: answer,
      origIpBytes: question + origPackets * header + (isUdp ? 0 : 8),
      respIpBytes: answer + respPackets * header + (isUdp ? 0 : 8),
      sequence: ++sequence,
    }
  }

  function codeOf(host: number, values: string[], known: Map<number, number>): number {
    const code = known.get(host)
    if (code !== undefined) return code
    const next = values.push(keys[host]!) - 1
    known.set(host, next)
    return next
  }

  type Flow = ReturnType<typeof drawFlow>
  function fillRow(batch: FlowBatch, row: number, flow: Flow): void {
    batch.timeUs[row] = flow.lastUs + (flow.isUdp ? 60e6 : 1e6)
    batch.sequence[row] = flow.sequence
    batch.flowId[row] = flow.sequence
    batch.kind[row] = 2
    batch.isFirst[row] = 1
    batch.connState[row] = 2
    batch.endReason[row] = flow.isUdp ? 1 : 3
    batch.protocol[row] = flow.isUdp ? 17 : 6
    writeAddress(batch.origIp, row * 16, flow.host)
    writeAddress(batch.respIp, row * 16, flow.server)
    batch.origPort[row] = flow.origPort
    batch.respPort[row] = flow.port
    batch.origMac[row * 6 + 1] = 0x1b
    batch.origMac[row * 6 + 4] = flow.host >> 8
    batch.origMac[row * 6 + 5] = flow.host & 255
    // Servers lie behind the ward's router.
    batch.respMac[row * 6 + 1] = 0x1c
    batch.flowStartUs[row] = flow.lastUs - flow.durationUs
    batch.flowLastUs[row] = flow.lastUs
    batch.origPackets[row] = flow.origPackets
    batch.respPackets[row] = flow.respPackets
    batch.origIpBytes[row] = flow.origIpBytes
    batch.respIpBytes[row] = flow.respIpBytes
    batch.origPayloadBytes[row] = flow.origPayloadBytes
    batch.respPayloadBytes[row] = flow.respPayloadBytes
    batch.firstTcpFlags[row] = flow.isUdp ? 0 : 2
    batch.origTcpFlags[row] = flow.isUdp ? 0 : 27
    batch.respTcpFlags[row] = flow.isUdp ? 0 : 27
    batch.service.codes[row] = flow.service
  }
}

/** Address of a host of the generator: 10.60.0.0 and on. */
export function addressOf(host: number): string {
  return `10.${60 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`
}

function writeAddress(column: Uint8Array, at: number, host: number): void {
  column[at + 10] = 255
  column[at + 11] = 255
  column[at + 12] = 10
  column[at + 13] = 60 + (host >> 16)
  column[at + 14] = (host >> 8) & 255
  column[at + 15] = host & 255
}

const envelope = {
  kind: 'data',
  site: 'north',
  sensor: 'bench',
  run: 'bench',
  summaries: null,
  health: {
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
  },
} as const
