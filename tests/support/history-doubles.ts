import type { FlowAnswer, FlowLookup, FlowQuery, StoredFlow } from '../../store/flow-store.ts'
import type { SeriesQuestion, SeriesStep, SeriesStore } from '../../store/series-store.ts'

/** A series with a day's rhythm: what it says follows from the moment alone. */
export function createTestSeries(): Pick<SeriesStore, 'series' | 'services'> {
  return {
    series: ({ fromUs, toUs, stepMinutes }: SeriesQuestion) => {
      const stepUs = stepMinutes * 60e6
      const traffic: SeriesStep[] = []
      for (let at = Math.floor(fromUs / stepUs) * stepUs; at < toUs; at += stepUs) {
        const hour = (at / 3600e6) % 24
        const load = 1 + Math.max(0, Math.sin(((hour - 6) / 24) * 2 * Math.PI)) * 6
        const wave = 1 + 0.3 * Math.sin(at / 7.7e9) + 0.2 * Math.sin(at / 1.3e9)
        for (const [direction, share] of [
          ['in', 0.4],
          ['out', 1],
        ] as const) {
          const ipBytes = Math.round(load * wave * share * 20_000 * stepMinutes)
          traffic.push({
            startUs: at,
            direction,
            flows: stepMinutes * 2,
            packets: Math.round(ipBytes / 500),
            ipBytes,
            newPeers: 0,
            peersMax: 3,
          })
        }
      }
      return Promise.resolve({ traffic, scores: [] })
    },
    services: () =>
      Promise.resolve([
        { service: 'dicom', direction: 'out', flows: 320, packets: 90_000, ipBytes: 812e6 },
        { service: 'dns', direction: 'out', flows: 4100, packets: 8200, ipBytes: 820_000 },
      ]),
  }
}

/** A look-up that notes what it is asked and finds `flows`. */
export function createTestLookup(flows: readonly StoredFlow[]) {
  const asked: FlowQuery[] = []
  const lookup: FlowLookup = (query) => {
    asked.push(query)
    const answer: FlowAnswer = {
      flows: flows.slice(0, query.limit),
      totals: {
        flows: flows.length,
        records: flows.length,
        packetsOut: 12,
        packetsIn: 10,
        ipBytesOut: 1_240_000,
        ipBytesIn: 36_000,
        firstUs: flows[0]?.startUs ?? null,
        lastUs: flows[0]?.lastUs ?? null,
      },
      visibility: { fromUs: 1_772_000_000e6, toUs: 1_772_500_000e6, gaps: [] },
    }
    return Promise.resolve(answer)
  }
  return { lookup, asked }
}

/** One flow between two IPv4 addresses. */
export function storedFlow(
  orig: string,
  resp: string,
  changes: Partial<StoredFlow> = {},
): StoredFlow {
  return {
    flowId: 1,
    protocol: 6,
    vlan: 0,
    origIp: mapped(orig),
    respIp: mapped(resp),
    origPort: 51_000,
    respPort: 104,
    origMac: new Uint8Array(6),
    respMac: new Uint8Array(6),
    startUs: 1_772_438_400e6,
    lastUs: 1_772_438_409e6,
    origPackets: 12,
    respPackets: 10,
    origIpBytes: 1_240_000,
    respIpBytes: 36_000,
    origPayloadBytes: 1_200_000,
    respPayloadBytes: 30_000,
    connState: 'SF',
    service: 'dicom',
    duplicatePackets: 0,
    origKey: `north|lan|ip:${orig}`,
    respKey: `north|lan|ip:${resp}`,
    sensor: 'tap-1',
    records: 1,
    ...changes,
  }
}

function mapped(address: string): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set([0xff, 0xff, ...address.split('.').map(Number)], 10)
  return bytes
}
