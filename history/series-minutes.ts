import type { FlowBatch } from '../records/flow-batch.ts'
import { type HostKey, latenessAllowedUs, type ObservationMessage } from '../records/observation.ts'
import { minuteUs, type TimeUs } from '../records/time.ts'
import type { TrafficPoint } from '../store/series-store.ts'
import type { KnownPeers } from './known-peers.ts'
import { type DeviceCells, OpenMinute } from './open-minute.ts'
import { createReadState, type ReadState, type SavedReadState } from './series-read-state.ts'
import { recognisedServices, seriesServiceAt } from './series-services.ts'

/** What a restarted aggregator goes on from: the next message to read, and what was known before it. */
export interface SeriesSnapshot {
  /** Offset of the message that opened the oldest minute still open; of the next message when none is open. */
  readonly nextOffset: number
  readonly read: SavedReadState
  /** Minutes that were open before `nextOffset` and are whole in the store by now: their later rows are not counted. */
  readonly written: readonly { readonly site: string; readonly minuteUs: TimeUs }[]
}

/** Rows that are in no point, by cause, and what else an operator may ask about. */
export interface SeriesCounters {
  readonly rows: number
  /** Rows more than 30 s behind their site's clock, or of a minute that the end of an input had closed. */
  readonly lateRows: number
  /** Rows for which no cell was left. */
  readonly overflowRows: number
  readonly points: number
}

export interface SeriesMinutes {
  /** Counts a message of one partition, in offset order. */
  onMessage(message: ObservationMessage, offset: number): void
  /** Points of the minutes that have closed since the last call. */
  takePoints(): TrafficPoint[]
  /** Commit this once the points taken are safe in the store. */
  snapshot(): SeriesSnapshot
  counters(): SeriesCounters
}

interface Limits {
  /** Counters (device × service × direction) open at once, over all open minutes. */
  readonly countersMax: number
}

/**
 * Folds the flow views of one partition into one-minute points. Pure: the points depend on the messages alone, not on
 * how they are handed over nor on restarts. A minute closes when its site's clock is 30 s past its end, when the input
 * ends, or when a recording begins that lies before; only then its points are given out, whole.
 * @param from snapshot of the aggregator that goes on here; null at the beginning
 * @param isDevice whether series are kept of a host
 */
export function createSeriesMinutes(
  limits: Limits,
  deps: { readonly known: KnownPeers; readonly isDevice: (key: HostKey) => boolean },
  from: SeriesSnapshot | null,
): SeriesMinutes {
  const state: ReadState = createReadState(from?.read ?? null)
  let nextOffset = from?.nextOffset ?? 0
  const open = new Map<string, { minute: OpenMinute; before: SeriesSnapshot }>()
  const written = new Set((from?.written ?? []).map((one) => idOf(one.site, one.minuteUs)))
  let points: TrafficPoint[] = []
  const counts = { rows: 0, lateRows: 0, overflowRows: 0, points: 0 }
  let cells = 0

  function snapshotNow(): SeriesSnapshot {
    const ids = [...written, ...open.keys()]
    return { nextOffset, read: state.save(), written: ids.map(placeOf) }
  }

  function minuteOf(site: string, startUs: TimeUs, before: SeriesSnapshot): OpenMinute {
    const id = idOf(site, startUs)
    let entry = open.get(id)
    if (entry === undefined) {
      entry = { minute: new OpenMinute(site, startUs), before }
      open.set(id, entry)
    }
    return entry.minute
  }

  function countRows(site: string, batch: FlowBatch, before: SeriesSnapshot): void {
    const hashes = peerHashes(batch.peer.values)
    const services = recognisedServices(batch)
    const isDevice = batch.host.values.map((key) => deps.isDevice(key))
    const { clockUs, floorUs } = state.siteOf(site)
    const earliestUs = Math.max(clockUs - latenessAllowedUs, floorUs)
    let minute: OpenMinute | null = null
    let device: DeviceCells = []
    let host = -1
    for (let row = 0; row < batch.rowCount; row++) {
      const code = batch.host.codes[row]!
      if (!isDevice[code]!) continue
      const timeUs = batch.timeUs[row]!
      if (timeUs < earliestUs) {
        counts.lateRows++
        continue
      }
      const startUs = Math.floor(timeUs / minuteUs) * minuteUs
      if (minute?.startUs !== startUs) {
        if (written.has(idOf(site, startUs))) continue
        minute = minuteOf(site, startUs, before)
        host = -1
      }
      if (code !== host) device = minute.device(batch.host.values[code]!)
      host = code
      const peerCode = batch.peer.codes[row]!
      const peer = peerCode < 0 ? NaN : hashes[peerCode]!
      const had = minute.cells
      const service = seriesServiceAt(batch, row, services)
      const isWhole = minute.count(device, batch, row, service, peer, limits.countersMax - cells)
      cells += minute.cells - had
      if (isWhole) counts.rows++
      else counts.overflowRows++
    }
  }

  /** Closes the minutes of a site that end at `untilUs` or earlier, oldest first. */
  function close(site: string, untilUs: TimeUs): void {
    for (const id of written) {
      const place = placeOf(id)
      if (place.site === site && place.minuteUs + minuteUs <= untilUs) written.delete(id)
    }
    const due = [...open.values()]
      .map(({ minute }) => minute)
      .filter((minute) => minute.site === site && minute.startUs + minuteUs <= untilUs)
      .sort((a, b) => a.startUs - b.startUs)
    for (const minute of due) {
      open.delete(idOf(site, minute.startUs))
      cells -= minute.cells
      for (const point of minute.points(deps.known)) points.push(point)
    }
  }

  function take(message: ObservationMessage, before: SeriesSnapshot): void {
    const { site, clockUs } = message
    switch (message.kind) {
      case 'recording':
        state.beginRecording(message)
        return
      case 'control':
        return
      case 'end':
        close(site, Infinity)
        state.endSite(site)
        return
      case 'data':
      case 'clock':
        if (state.goesBack(message)) {
          close(site, Infinity)
          state.restartSite(site)
        }
        if (message.flows !== null) countRows(site, message.flows, before)
        if (state.advance(site, clockUs))
          close(site, state.siteOf(site).clockUs - latenessAllowedUs)
    }
  }

  return {
    onMessage(message, offset) {
      nextOffset = offset
      // A restarted ingest publishes again what it had published, under the same sequence.
      if (state.isNext(message)) {
        take(message, snapshotNow())
        state.accept(message)
      }
      nextOffset = offset + 1
    },
    takePoints() {
      const taken = points
      points = []
      counts.points += taken.length
      return taken
    },
    snapshot() {
      let oldest: SeriesSnapshot | null = null
      for (const { before } of open.values())
        if (oldest === null || before.nextOffset < oldest.nextOffset) oldest = before
      return oldest ?? snapshotNow()
    },
    counters: () => ({ ...counts }),
  }
}

function idOf(site: string, startUs: TimeUs): string {
  return `${startUs}|${site}`
}

function placeOf(id: string): { site: string; minuteUs: TimeUs } {
  const bar = id.indexOf('|')
  return { site: id.slice(bar + 1), minuteUs: Number(id.slice(0, bar)) }
}

/** FNV-1a over the UTF-16 units of each key: peers of one device are told apart by 32 bits. */
function peerHashes(keys: readonly string[]): readonly number[] {
  return keys.map((key) => {
    let hash = 0x811c9dc5
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    return hash | 0
  })
}
