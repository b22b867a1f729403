import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import type { Peer } from '../../records/anomaly.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { parseHostKey } from '../../records/observation.ts'
import type { SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { protocolName } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, type Section } from '../detector.ts'
import { serviceWord } from '../device-baseline.ts'

const thresholds = z.strictObject({
  graceSeconds: z
    .number()
    .positive()
    .describe('how long to gather facts after the first packet it sent')
    .prefault(120),
  scoreClinical: z
    .number()
    .min(0)
    .max(1)
    .describe('weight in a zone declared as clinical')
    .prefault(0.6),
  scoreElsewhere: z
    .number()
    .min(0)
    .max(1)
    .describe('weight in any other monitored network')
    .prefault(0.3),
})
type Thresholds = z.output<typeof thresholds>

/** A device that the baseline of its site has never seen sends its first packets. */
export const newDevice = defineDetector({
  behaviour: 'new-device',
  title: 'New device',
  attack: ['T1200', 'T0864'],
  view: 'self',
  needs: { bothDirections: false, payload: false, history: 'baseline' },
  config: thresholds,
  create: (limits) => ({
    onFlows(batch, from, to, host, out) {
      if (!isNew(host)) return
      for (let row = from; row < to; row++) noteFlow(limits, batch, row, host, out)
    },
    onSummaries(batch, from, to, host, out) {
      if (!isNew(host)) return
      for (let row = from; row < to; row++) noteSummary(limits, batch, row, host, out)
    },
    onTimer: (time, host, out) => tell(limits, time, host, out),
    onEnd: (time, host, out) => tell(limits, time, host, out),
  }),
})

const servicesMax = 8
const peersMax = 8

interface State {
  /** First packet it sent; NaN before it. */
  sinceUs: TimeUs
  isTold: boolean
  services: string[]
  peers: Peer[]
  /** How it calls itself: DHCP host name, calling AE title, banner. */
  name: string | null
}

const section: Section<State> = {
  name: 'new-device',
  version: 1,
  create: () => ({ sinceUs: NaN, isTold: false, services: [], peers: [], name: null }),
}

/** Cheap for the many that are known: their baseline has a first time. */
function isNew(host: Host): boolean {
  return (
    Number.isNaN(host.baseline.firstSeenUs) && host.declared.isMonitored && host.isSiteBaselined
  )
}

function noteFlow(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const isOrig = batch.isOrig[row] === 1
  const hasSent = (isOrig ? batch.origPackets[row]! : batch.respPackets[row]!) > 0
  const state = open(limits, batch.timeUs[row]!, hasSent, host, out)
  if (state === null) return
  const service = serviceWord(batch.protocol[row]!, batch.respPort[row]!)
  noteService(state, isOrig ? `uses ${service}` : `offers ${service}`)
  const key = textAt(batch.peer, row)
  const hasPorts = batch.protocol[row] === 6 || batch.protocol[row] === 17
  notePeer(state, {
    key,
    address: formatIp(isOrig ? batch.respIp : batch.origIp, row * 16),
    mac: key === null ? null : parseHostKey(key).mac,
    name: null,
    port: hasPorts ? batch.respPort[row]! : null,
    protocol: protocolName(batch.protocol[row]!),
  })
}

function noteSummary(
  limits: Thresholds,
  batch: SummaryBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  // Of an event only the originator is sure to have sent something.
  const isOrig = batch.isOrig[row] === 1
  const state = open(limits, batch.timeUs[row]!, isOrig, host, out)
  if (state === null) return
  const service = textAt(batch.service, row)
  if (service !== null) noteService(state, `${isOrig ? 'uses' : 'offers'} ${service}`)
  if (isOrig) state.name ??= batch.client[row] ?? null
}

/** The state once it has sent a packet; null before, and after it has been told of. */
function open(
  limits: Thresholds,
  timeUs: TimeUs,
  hasSent: boolean,
  host: Host,
  out: Findings,
): State | null {
  const known = host.peek(section)
  if (known === null && !hasSent) return null
  const state = known ?? host.section(section)
  if (state.isTold) return null
  if (Number.isNaN(state.sinceUs)) {
    state.sinceUs = timeUs
    host.wakeAt(timeUs + limits.graceSeconds * secondUs)
  } else if (timeUs >= state.sinceUs + limits.graceSeconds * secondUs) {
    // A sensor that stood still: the timer is due within this very run.
    tell(limits, timeUs, host, out)
    return null
  }
  return state
}

function noteService(state: State, service: string): void {
  if (state.services.length < servicesMax && !state.services.includes(service))
    state.services.push(service)
}

function notePeer(state: State, peer: Peer): void {
  const isKnown = state.peers.some(
    (known) => known.address === peer.address && known.port === peer.port,
  )
  if (!isKnown && state.peers.length < peersMax) state.peers.push(peer)
}

/** One report, with everything gathered in the grace; a key that turned out to be known in the meantime gives none. */
function tell(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  const state = host.peek(section)
  if (state === null || state.isTold || Number.isNaN(state.sinceUs) || !isNew(host)) return
  state.isTold = true
  const { isClinical, zone } = host.declared
  const what = host.declared.name ?? state.name
  const who = host.address ?? host.mac ?? host.key
  const services = state.services.join(', ')
  out.report({
    objectGroup: 'new-device',
    score: isClinical ? limits.scoreClinical : limits.scoreElsewhere,
    oldestUs: state.sinceUs,
    timeUs: Math.min(timeUs, state.sinceUs + limits.graceSeconds * secondUs),
    count: 1,
    summary: `A device never seen before, ${who}${what === null ? '' : ` (${what})`}, joined ${zone === null ? 'the network' : `zone ${zone}`}.`,
    why: {
      mac: host.mac ?? 'not seen',
      vendor: host.vendor ?? 'unknown',
      isMacRandom: host.mac !== null && isLocallyAdministered(host.mac) ? 'yes' : 'no',
      name: what ?? 'not told',
      services: services === '' ? 'none yet' : services,
      zone: zone ?? 'none declared',
      graceSeconds: limits.graceSeconds,
    },
    peers: state.peers,
  })
}

/** Bit 0x02 of the first octet: an address the device made up (IEEE 802, clause 8.4). */
function isLocallyAdministered(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 2) !== 0
}
