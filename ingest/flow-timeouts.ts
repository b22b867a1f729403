import type { IngestConfig } from './config.ts'
import type { TimeUs } from '../records/time.ts'
import {
  doubleAt,
  type FlowBuffer,
  flowDoubles,
  flowFlag,
  flowWords,
  wordAt,
} from './flow-layout.ts'
import { ipProtocol } from './frame.ts'

export interface FlowTableConfig {
  /** Flows followed at once; the table takes about 240 bytes of memory for each. */
  readonly capacity: number
  /** Of the hash: nothing that is observable depends on it. A live sensor takes a secret one. */
  readonly seed: number
  readonly tcpIdleUs: number
  readonly attemptIdleUs: number
  readonly udpIdleUs: number
  readonly icmpIdleUs: number
  readonly unansweredUs: number
  readonly activeUs: number
  readonly closeLingerUs: number
}

const secondUs = 1e6

export function flowTableConfig(config: IngestConfig, seed: number): FlowTableConfig {
  return {
    capacity: config.flowsMax,
    seed,
    tcpIdleUs: config.tcpIdleSeconds * secondUs,
    attemptIdleUs: config.attemptIdleSeconds * secondUs,
    udpIdleUs: config.udpIdleSeconds * secondUs,
    icmpIdleUs: config.icmpIdleSeconds * secondUs,
    unansweredUs: config.unansweredSeconds * secondUs,
    activeUs: config.activeSeconds * secondUs,
    closeLingerUs: config.closeLingerSeconds * secondUs,
  }
}

/** When a flow of the table is due, from what it holds. */
export class FlowTimeouts {
  readonly #config: FlowTableConfig
  readonly #flows: FlowBuffer

  constructor(config: FlowTableConfig, flows: FlowBuffer) {
    this.#config = config
    this.#flows = flows
  }

  /** When the flow ends if no packet comes. */
  endDueUs(slot: number): TimeUs {
    const base = slot * flowWords
    const config = this.#config
    const flags = this.#flows.words[base + wordAt.flags]!
    const lastUs = this.#flows.doubles[slot * flowDoubles + doubleAt.lastUs]!
    if ((flags & flowFlag.isClosed) !== 0) return lastUs + config.closeLingerUs
    const protocol = this.#flows.words[base + wordAt.protocol]! & 0xff
    if (protocol === ipProtocol.tcp) {
      const isAnswered = (flags & flowFlag.isTwoWay) !== 0
      return lastUs + (isAnswered ? config.tcpIdleUs : config.attemptIdleUs)
    }
    const isIcmp = protocol === ipProtocol.icmp || protocol === ipProtocol.icmpv6
    return lastUs + (isIcmp ? config.icmpIdleUs : config.udpIdleUs)
  }

  /** When the next record before the end is due; Infinity when there is nothing to tell. */
  recordDueUs(slot: number): TimeUs {
    const at = slot * flowDoubles
    const { words, doubles } = this.#flows
    if ((words[slot * flowWords + wordAt.flags]! & flowFlag.isStarted) === 0)
      return doubles[at + doubleAt.startUs]! + this.#config.unansweredUs
    const sinceUs = doubles[at + doubleAt.pendingSinceUs]!
    return Number.isNaN(sinceUs) ? Infinity : sinceUs + this.#config.activeUs
  }

  /** When anything is due. */
  nextDueUs(slot: number): TimeUs {
    return Math.min(this.endDueUs(slot), this.recordDueUs(slot))
  }
}
