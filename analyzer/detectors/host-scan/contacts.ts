import { formatIp } from '../../../records/address.ts'
import { textAt } from '../../../records/columns.ts'
import type { FlowBatch } from '../../../records/flow-batch.ts'
import type { SummaryBatch } from '../../../records/summary-batch.ts'
import { protocolName } from '../../contact-outcome.ts'
import type { Host } from '../../detector.ts'
import type { Seen } from '../../sketches/sliding-count.ts'

/** A host that was tried. */
export interface Contact extends Seen {
  /** Null where the address asked for has no key. */
  readonly key: string | null
  readonly address: string | null
  readonly port: number | null
  readonly protocol: string
}

/** Of a first contact that failed or was refused. */
export function failedTarget(batch: FlowBatch, row: number): Contact {
  return {
    timeUs: batch.timeUs[row]!,
    key: textAt(batch.peer, row),
    address: formatIp(batch.respIp, row * 16),
    port: batch.respPort[row]!,
    protocol: protocolName(batch.protocol[row]!),
  }
}

/** Of an echo request, answered or not. */
export function echoTarget(batch: FlowBatch, row: number): Contact {
  const address = formatIp(batch.respIp, row * 16)
  return {
    timeUs: batch.timeUs[row]!,
    key: textAt(batch.peer, row),
    address,
    port: null,
    protocol: 'icmp',
  }
}

/** ARP and neighbour solicitation. */
export function isAddressRequest(batch: SummaryBatch, row: number): boolean {
  if (batch.isOrig[row] === 0 || textAt(batch.event, row) !== 'request') return false
  const service = textAt(batch.service, row)
  return service === 'arp' || service === 'ndp'
}

/** Null where the host asks for itself. */
export function requestTarget(batch: SummaryBatch, row: number, host: Host): Contact | null {
  const key = textAt(batch.peer, row)
  const address = batch.name[row] ?? null
  if (address === null || key === host.key || address === host.address) return null
  return { timeUs: batch.timeUs[row]!, key, address, port: null, protocol: 'arp' }
}
