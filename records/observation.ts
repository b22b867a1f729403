import type { ControlCommand } from './control.ts'
import type { FlowBatch } from './flow-batch.ts'
import type { SummaryBatch } from './summary-batch.ts'
import type { TimeUs } from './time.ts'

/**
 * Key of a host, a pure function of what its sensor has seen: `site|space|ip:10.60.1.20` from the first packet,
 * or `site|domain|mac:00:1b:21:0a:00:20` for flows that start while a DHCP lease is in force (docs/decisions/0003).
 */
export type HostKey = string

export function addressKey(site: string, space: string, address: string): HostKey {
  return `${site}|${space}|ip:${address}`
}

export function leaseKey(site: string, domain: string, mac: string): HostKey {
  return `${site}|${domain}|mac:${mac}`
}

export interface HostKeyParts {
  readonly site: string
  /** Address space, or layer-2 domain of a lease key. */
  readonly space: string
  readonly address: string | null
  readonly mac: string | null
}

/** The parts of a key that `addressKey` or `leaseKey` made. */
export function parseHostKey(key: HostKey): HostKeyParts {
  const [site = '', space = '', identity = ''] = key.split('|')
  const isAddress = identity.startsWith('ip:')
  return {
    site,
    space,
    address: isAddress ? identity.slice(3) : null,
    mac: isAddress ? null : identity.slice(4),
  }
}

/** Partition of a key: FNV-1a over its UTF-16 units. Part of the contract: it may never change for a running topic. */
export function partitionOf(key: string, partitionCount: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % partitionCount
}

/** A time in which a live sensor captured nothing. */
export interface CaptureGap {
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
  /** Why, as a word: ingest/capture-faults.ts lists them. */
  readonly cause: string
}

/** What a live sensor knows of its capture; totals since the start of its run. */
export interface CaptureHealth {
  /** Since when it captures nothing, by the capture's clock; null while it captures. */
  readonly downSinceUs: TimeUs | null
  /** Gaps that have ended; two messages that differ by more than one have not told of each. */
  readonly gaps: number
  /** Sum of the gaps. */
  readonly gapUs: TimeUs
  readonly lastGap: CaptureGap | null
}

/** What a sensor knows of itself; totals since the start of its run. */
export interface SensorHealth {
  /** Sensor clock at the first packet of the run, later by every pause of more than a day without packets; 0 before it. */
  startedUs: TimeUs
  packets: number
  bytes: number
  flows: number
  /** Packets the kernel or the table limits dropped. */
  dropped: number
  /** Packets and records refused, by cause. */
  rejects: Record<string, number>
  duplicates: number
  /** Stamps that went back or jumped and were clamped. */
  clamped: number
  /** TCP flows with payload or a bare ACK of which one direction only was seen, of `judgedFlows`. */
  oneWayFlows: number
  judgedFlows: number
  /** Only of a sensor that captures live. */
  capture?: CaptureHealth
}

/**
 * One message of the `observations` topic, for one partition. All of it is input, in offset order (docs/decisions/0002).
 * - `data`: records of ≤ 100 ms; - `clock`: a punctuation, no records;
 * - `recording`: what follows is a recording of its own: windows and clock are dropped, baselines kept. With `teaches`,
 *   it only teaches, and its baseline counts as approved when the next recording begins or the input ends;
 * - `end`: a finite input has ended: flows, windows and open attempts close; - `control`: what a person decided.
 */
export interface ObservationMessage {
  readonly kind: 'data' | 'clock' | 'recording' | 'end' | 'control'
  readonly site: string
  readonly sensor: string
  /** One life of a sensor: a restarted replay repeats it, a restarted live sensor takes a new one. */
  readonly run: string
  /**
   * Number of the message within (sensor, run, partition), from 1. What a restarted ingest sends again is skipped by it.
   * A command is known by its id, and takes no number.
   */
  readonly sequence: number
  /** The sensor clock: no later record of this sensor is earlier. */
  readonly clockUs: TimeUs
  readonly health: SensorHealth
  readonly recording?: { readonly name: string; readonly teaches: boolean }
  readonly command?: ControlCommand
  readonly flows: FlowBatch | null
  readonly summaries: SummaryBatch | null
}

/** How far behind the partition clock a record may be and still be judged, in µs. */
export const latenessAllowedUs = 30_000_000
