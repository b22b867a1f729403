import { DuckDBDataChunk, type DuckDBAppender, type DuckDBVector } from '@duckdb/node-api'
import { formatIp, formatMac, isMappedIpv4 } from '../../../records/address.ts'
import type { DictionaryColumn } from '../../../records/columns.ts'
import type { FlowBatch } from '../../../records/flow-batch.ts'
import { historyColumns, liveColumnTypes, type LiveKind, noHeaderBytes } from './history-columns.ts'

/** Rows DuckDB takes at once (its vector size). */
const chunkRows = 2048

/** Codes of the texts of one live segment. */
export interface TextCodes {
  codeOf(text: string): number
}

/** Turns flow batches into chunks of rows and hands them to an appender, inside whatever transaction is open. */
export interface FlowRows {
  /** Adds each record of the batch whose view is the originator's, or the only one; returns how many there were. */
  add(batch: FlowBatch, sensor: string): number
  /** Hands over what is held back; call it before a commit. */
  flush(): void
}

type Column = Int32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array

/** @param texts codes of the segment the appender writes to. */
export function createFlowRows(appender: DuckDBAppender, texts: TextCodes): FlowRows {
  const columns = Object.fromEntries(
    historyColumns.map(({ name, live }) => [name, newColumn(live)]),
  )
  const ordered = historyColumns.map(({ name }) => columns[name]!)
  const chunk = DuckDBDataChunk.create(liveColumnTypes, chunkRows)
  const [orig, resp] = [createAddressCodes(texts), createAddressCodes(texts)]
  let rows = 0

  function handOver(): void {
    if (rows === 0) return
    chunk.reset()
    chunk.rowCount = rows
    ordered.forEach((column, index) => fill(chunk.getColumnVector(index), column, rows))
    appender.appendDataChunk(chunk)
    rows = 0
  }

  return {
    add(batch, sensor) {
      const codes = {
        sensor: texts.codeOf(sensor),
        host: codesOf(batch.host, texts),
        peer: codesOf(batch.peer, texts),
        service: codesOf(batch.service, texts),
      }
      let added = 0
      for (let row = 0; row < batch.rowCount; row++) {
        const isOrig = batch.isOrig[row] === 1
        const peer = batch.peer.codes[row]!
        if (!isOrig && peer >= 0) continue
        const hostCode = codes.host(batch.host.codes[row]!)
        const peerCode = codes.peer(peer)
        columns['origKey']![rows] = isOrig ? hostCode : peerCode
        columns['respKey']![rows] = isOrig ? peerCode : hostCode
        columns['sensor']![rows] = codes.sensor
        columns['service']![rows] = codes.service(batch.service.codes[row]!)
        columns['origIp']![rows] = orig.ip(batch.origIp, row * 16)
        columns['respIp']![rows] = resp.ip(batch.respIp, row * 16)
        columns['origMac']![rows] = orig.mac(batch.origMac, row * 6)
        columns['respMac']![rows] = resp.mac(batch.respMac, row * 6)
        copyNumbers(columns, rows, batch, row)
        added++
        if (++rows === chunkRows) handOver()
      }
      return added
    },
    flush: handOver,
  }
}

function copyNumbers(
  columns: Readonly<Record<string, Column>>,
  to: number,
  batch: FlowBatch,
  row: number,
): void {
  const lastUs = batch.flowLastUs[row]!
  columns['flowLastUs']![to] = lastUs
  columns['durationUs']![to] = lastUs - batch.flowStartUs[row]!
  columns['emittedAfterUs']![to] = batch.timeUs[row]! - lastUs
  columns['kind']![to] = batch.kind[row]!
  columns['isFirst']![to] = batch.isFirst[row]!
  columns['connState']![to] = batch.connState[row]!
  columns['endReason']![to] = batch.endReason[row]!
  columns['protocol']![to] = batch.protocol[row]!
  columns['vlan']![to] = batch.vlan[row]!
  columns['origPort']![to] = batch.origPort[row]!
  columns['respPort']![to] = batch.respPort[row]!
  columns['origPackets']![to] = batch.origPackets[row]!
  columns['respPackets']![to] = batch.respPackets[row]!
  columns['origIpBytes']![to] = batch.origIpBytes[row]!
  columns['respIpBytes']![to] = batch.respIpBytes[row]!
  columns['firstTcpFlags']![to] = batch.firstTcpFlags[row]!
  columns['origTcpFlags']![to] = batch.origTcpFlags[row]!
  columns['respTcpFlags']![to] = batch.respTcpFlags[row]!
  columns['isUnreachable']![to] = batch.isUnreachable[row]!
  columns['duplicatePackets']![to] = batch.duplicatePackets[row]!
  splitHeaders(
    columns['origHeaderBytes']!,
    columns['origHeaderRest']!,
    to,
    batch.origIpBytes[row]! - batch.origPayloadBytes[row]!,
    batch.origPackets[row]!,
  )
  splitHeaders(
    columns['respHeaderBytes']!,
    columns['respHeaderRest']!,
    to,
    batch.respIpBytes[row]! - batch.respPayloadBytes[row]!,
    batch.respPackets[row]!,
  )
}

/**
 * Payload, told by what is not payload: header bytes = each × packets + rest. Headers of a connection are of nearly one
 * size, so both numbers repeat where the payload itself does not.
 * @param headerBytes NaN when no packets were seen.
 */
function splitHeaders(
  each: Column,
  rest: Column,
  to: number,
  headerBytes: number,
  packets: number,
): void {
  if (Number.isNaN(headerBytes)) {
    each[to] = noHeaderBytes
    rest[to] = 0
    return
  }
  const quotient = packets === 0 || headerBytes < 0 ? 0 : Math.floor(headerBytes / packets)
  const stored = quotient < noHeaderBytes ? quotient : 0
  each[to] = stored
  rest[to] = headerBytes - stored * packets
}

function newColumn(kind: LiveKind): Column {
  switch (kind) {
    case 'text':
      return new Int32Array(chunkRows)
    case 'f64':
      return new Float64Array(chunkRows)
    case 'u32':
      return new Uint32Array(chunkRows)
    case 'u16':
      return new Uint16Array(chunkRows)
    case 'u8':
      return new Uint8Array(chunkRows)
  }
}

function fill(vector: DuckDBVector, column: Column, rows: number): void {
  for (let row = 0; row < rows; row++) vector.setItem(row, column[row]!)
  vector.flush()
}

/** Code of the segment for a code of the batch; −1 stays. Texts that only skipped rows have are never looked at. */
function codesOf({ values }: DictionaryColumn, texts: TextCodes): (code: number) => number {
  const known = new Int32Array(values.length)
  return (code) => {
    if (code < 0) return -1
    if (known[code] === 0) known[code] = texts.codeOf(values[code]!) + 1
    return known[code]! - 1
  }
}

/** Codes of one side's addresses, looked up by their numbers: text is made once for each. */
function createAddressCodes(texts: TextCodes) {
  const byIpv4 = new Map<number, number>()
  const byMac = new Map<number, number>()
  // Rows of one host stand together: most addresses are those of the row before.
  const last = { ip: -1, ipCode: -1, mac: 0, macCode: -1 }
  return {
    ip(bytes: Uint8Array, at: number): number {
      if (!isMappedIpv4(bytes, at)) return texts.codeOf(formatIp(bytes, at))
      const high = (bytes[at + 12]! << 8) | bytes[at + 13]!
      const address = high * 0x10000 + ((bytes[at + 14]! << 8) | bytes[at + 15]!)
      if (address === last.ip) return last.ipCode
      let code = byIpv4.get(address)
      if (code === undefined) byIpv4.set(address, (code = texts.codeOf(formatIp(bytes, at))))
      last.ip = address
      last.ipCode = code
      return code
    },
    /** −1 when it was not seen. */
    mac(bytes: Uint8Array, at: number): number {
      const high = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
      const low = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!
      const mac = high * 0x1000000 + low
      if (mac === 0) return -1
      if (mac === last.mac) return last.macCode
      let code = byMac.get(mac)
      if (code === undefined) byMac.set(mac, (code = texts.codeOf(formatMac(bytes, at) ?? '')))
      last.mac = mac
      last.macCode = code
      return code
    },
  }
}
