import { type Anomaly, anomalyId, type AnomalyMessage, rowKeyOf } from '../../records/anomaly.ts'
import { secondUs } from '../../records/time.ts'

/** 2026-03-02T08:00:00Z. */
export const shiftStartUs = 1_772_438_400 * secondUs

/** An anomaly with plausible contents; its id follows from what it is about, as the engine makes it. */
export function anomalyOf(changes: Partial<Omit<Anomaly, 'id'>> = {}): Anomaly {
  const oldestUs = changes.oldestUs ?? shiftStartUs
  const parts = {
    behaviour: 'port-scan',
    detector: 'port-scan',
    site: 'north',
    viewKey: 'north|lan|ip:10.60.1.66',
    objectGroup: '10.60.1.0/24',
    score: 0.7,
    oldestUs,
    timeUs: changes.timeUs ?? oldestUs + 9 * secondUs,
    count: 8,
    summary: 'ws-14 tried 8 ports of 10.60.1.20 in 9 s',
    why: { distinctPorts: 8, distinctPortsMin: 8, windowSeconds: 60 },
    device: { address: '10.60.1.66', mac: '00:1b:21:0a:00:66', name: 'ws-14' },
    peers: [peerOf('10.60.1.20', 443)],
    attack: ['T1046'],
    position: { partition: 0, offset: 0, index: 0 },
    ...changes,
  } satisfies Omit<Anomaly, 'id'>
  return { id: anomalyId(rowKeyOf(parts), parts.detector, oldestUs), ...parts }
}

export function peerOf(address: string, port: number): Anomaly['peers'][number] {
  return { key: `north|lan|ip:${address}`, address, mac: null, name: null, port, protocol: 'tcp' }
}

/** The stream as the engine sends it: each message at the next offset of observations partition 0. */
export function streamOf(anomalies: readonly Anomaly[]): AnomalyMessage[] {
  return anomalies.map((anomaly, offset) => ({
    kind: 'anomaly',
    anomaly: { ...anomaly, position: { partition: 0, offset, index: 0 } },
  }))
}
