import { formatIp } from '../records/address.ts'
import { formatTime } from '../records/time.ts'
import type { FlowAnswer, StoredFlow } from '../store/flow-store.ts'
import { printable } from './output.ts'

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' }
/** Gaps that are written out; more are counted. */
const gapsMax = 10

/** An answer as lines for a terminal: flows, sums, and what they rest on. */
export function answerTable(answer: FlowAnswer): string[] {
  const { flows, totals, visibility } = answer
  const rows = flows.map(cellsOf)
  const lines = rows.length === 0 ? [] : aligned([header, ...rows])
  const more = totals.flows > flows.length ? `, the ${flows.length} newest above` : ''
  const lasted =
    totals.firstUs === null || totals.lastUs === null
      ? 'no flow found'
      : `${count(totals.flows, 'flow')} from ${formatTime(totals.firstUs)} to ${formatTime(totals.lastUs)}${more}; ` +
        `sent ${size(totals.ipBytesOut)} in ${count(totals.packetsOut, 'packet')}, ` +
        `received ${size(totals.ipBytesIn)} in ${count(totals.packetsIn, 'packet')}`
  const held =
    visibility.fromUs === null || visibility.toUs === null
      ? 'The history is empty.'
      : `The history reaches from ${formatTime(visibility.fromUs)} to ${formatTime(visibility.toUs)}.`
  return [...lines, lasted, held, ...gapLines(answer)]
}

const header = ['last packet', 'from', 'to', 'protocol', 'service', 'state', 'sent', 'answered']

function cellsOf(flow: StoredFlow): string[] {
  const hasPorts = flow.protocol === 6 || flow.protocol === 17 || flow.protocol === 132
  const end = (ip: Uint8Array, port: number) =>
    hasPorts ? `${formatIp(ip)} ${port}` : formatIp(ip)
  return [
    formatTime(flow.lastUs),
    end(flow.origIp, flow.origPort),
    end(flow.respIp, flow.respPort),
    protocols[flow.protocol] ?? String(flow.protocol),
    printable(flow.service ?? ''),
    flow.connState,
    size(flow.origIpBytes),
    size(flow.respIpBytes),
  ]
}

/** Columns as wide as their widest cell; amounts to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column >= 6 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}

function gapLines({ visibility }: FlowAnswer): string[] {
  // The partitions of a sensor have the same gap each: once is enough for a reader.
  const told = new Set(
    visibility.gaps.map(
      ({ sensor, fromUs, toUs, reason }) =>
        `${formatTime(fromUs)} to ${formatTime(toUs)}: ${reason.replaceAll('-', ' ')} (sensor ${printable(sensor)})`,
    ),
  )
  if (told.size === 0) return []
  const lines = [...told].slice(0, gapsMax).map((line) => `  ${line}`)
  const more = told.size > gapsMax ? [`  and ${told.size - gapsMax} more`] : []
  return ['Nothing is known of:', ...lines, ...more]
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`
}

/** 1 kB is 1,000 bytes. */
function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]!}`
}
