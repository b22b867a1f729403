import type { FlowBatch } from '../records/flow-batch.ts'
import type { HostKey } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import { allServices, seriesDirections, type TrafficPoint } from '../store/series-store.ts'
import type { KnownPeers } from './known-peers.ts'
import { seriesServices } from './series-services.ts'

/** Peers told apart in one cell; a scan of a whole network shows as this many. */
const peersMax = 4_096
const [inward, outward] = [0, 1]

interface Cell {
  flows: number
  packets: number
  ipBytes: number
  readonly peers: Set<number>
}

/** The cells of one device, at service × 2 + direction. */
export type DeviceCells = (Cell | undefined)[]

/** What has been counted of one minute of one site so far. */
export class OpenMinute {
  readonly site: string
  readonly startUs: TimeUs
  readonly #devices = new Map<HostKey, DeviceCells>()
  /** Cells made: what it takes of memory. */
  cells = 0

  constructor(site: string, startUs: TimeUs) {
    this.site = site
    this.startUs = startUs
  }

  /** The cells of a device; a reader of many rows keeps them for the device's run. */
  device(key: HostKey): DeviceCells {
    let cells = this.#devices.get(key)
    if (cells === undefined) {
      cells = []
      this.#devices.set(key, cells)
    }
    return cells
  }

  /**
   * Counts one row, seen from its host.
   * @param peer 32-bit hash of the peer's key; NaN when it has none
   * @param cellsLeft how many cells may still be made
   * @returns whether everything was counted: false when a cell was needed and none was left
   */
  count(
    cells: DeviceCells,
    batch: FlowBatch,
    row: number,
    service: number,
    peer: number,
    cellsLeft: number,
  ): boolean {
    const isOrig = batch.isOrig[row] === 1
    const opened = batch.isFirst[row]!
    const [orig, resp] = [batch.origPackets[row]!, batch.respPackets[row]!]
    const [origBytes, respBytes] = [batch.origIpBytes[row]!, batch.respIpBytes[row]!]
    const sent = this.#add(
      cells,
      service * 2 + outward,
      isOrig ? opened : 0,
      isOrig ? orig : resp,
      isOrig ? origBytes : respBytes,
      peer,
      cellsLeft,
    )
    const left = cellsLeft - 1
    const received = this.#add(
      cells,
      service * 2 + inward,
      isOrig ? 0 : opened,
      isOrig ? resp : orig,
      isOrig ? respBytes : origBytes,
      peer,
      left,
    )
    return sent && received
  }

  #add(
    cells: DeviceCells,
    index: number,
    flows: number,
    packets: number,
    ipBytes: number,
    peer: number,
    cellsLeft: number,
  ): boolean {
    if (flows === 0 && packets === 0) return true
    let cell = cells[index]
    if (cell === undefined) {
      if (cellsLeft <= 0) return false
      cell = { flows: 0, packets: 0, ipBytes: 0, peers: new Set() }
      cells[index] = cell
      this.cells++
    }
    cell.flows += flows
    cell.packets += packets
    cell.ipBytes += ipBytes
    if (packets > 0 && peer === peer && cell.peers.size < peersMax) cell.peers.add(peer)
    return true
  }

  /** The minute's points, by device, service and direction, whatever the order in which rows came; learns its peers. */
  *points(known: KnownPeers): Generator<TrafficPoint> {
    const devices = [...this.#devices].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [device, cells] of devices) yield* this.#pointsOf(device, cells, known)
  }

  *#pointsOf(device: HostKey, cells: DeviceCells, known: KnownPeers): Generator<TrafficPoint> {
    const all = seriesDirections.map(() => ({
      flows: 0,
      packets: 0,
      ipBytes: 0,
      peers: new Set<number>(),
    }))
    cells.forEach((cell, index) => {
      if (cell !== undefined) addTo(all[index % 2]!, cell)
    })
    const isNew = known.learn(device, this.startUs, all[inward]!.peers.union(all[outward]!.peers))
    for (const [index, cell] of all.entries())
      if (cell.flows > 0 || cell.packets > 0)
        yield this.#point(device, allServices, index, cell, isNew)
    for (const [index, cell] of cells.entries())
      if (cell !== undefined)
        yield this.#point(device, seriesServices[index >> 1]!, index % 2, cell, isNew)
  }

  #point(
    device: HostKey,
    service: string,
    direction: number,
    { flows, packets, ipBytes, peers }: Cell,
    isNew: ReadonlySet<number>,
  ): TrafficPoint {
    return {
      minuteUs: this.startUs,
      site: this.site,
      device,
      service,
      direction: seriesDirections[direction]!,
      flows,
      packets,
      ipBytes,
      peers: peers.size,
      newPeers: isNew.size === 0 ? 0 : peers.intersection(isNew).size,
    }
  }
}

function addTo(sum: Cell, cell: Cell): void {
  sum.flows += cell.flows
  sum.packets += cell.packets
  sum.ipBytes += cell.ipBytes
  for (const peer of cell.peers) {
    if (sum.peers.size >= peersMax) return
    sum.peers.add(peer)
  }
}
