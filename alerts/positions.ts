import assert from 'node:assert'
import type { Anomaly, AnomalyMessage } from '../records/anomaly.ts'
import type { FoldMove } from '../store/state-store.ts'

export type Position = Anomaly['position']

/** What one partition of the anomalies topic has brought into the store. */
export interface Positions {
  /** Whether the message from this position is folded already. */
  has(position: Position): boolean
  /** Notes a batch, in its order, and returns how far it takes each partition: to be stored with it. */
  advance(batch: readonly AnomalyMessage[]): FoldMove[]
}

/** Observations partitions are numbered below this, so that a pair of partitions fits one number. */
const partitionsMax = 65_536

/**
 * Positions last folded of each observations partition, by the anomalies partition that carried them: hosts of two sites
 * may share an observations partition while their anomalies travel in two, each with an order of its own. The pair is
 * stored as one number, anomalies partition × 65,536 + observations partition.
 * @param stored rows of the store, those of other anomalies partitions among them.
 */
export function createPositions(topicPartition: number, stored: readonly Position[]): Positions {
  const base = topicPartition * partitionsMax
  const last = new Map<number, Position>()
  for (const position of stored) {
    if (Math.floor(position.partition / partitionsMax) === topicPartition) {
      last.set(position.partition, position)
    }
  }
  return {
    has: (position) => {
      const folded = last.get(base + position.partition)
      return folded !== undefined && !isAfter(position, folded)
    },
    advance: (batch) => {
      const before = new Map<number, Position | null>()
      for (const message of batch) {
        const at = positionOf(message)
        assert(at.partition < partitionsMax)
        const key = base + at.partition
        const folded = last.get(key) ?? null
        if (!before.has(key)) before.set(key, folded)
        if (folded === null || isAfter(at, folded)) last.set(key, { ...at, partition: key })
      }
      return [...before].map(([key, from]) => ({ from, to: last.get(key)! }))
    },
  }
}

function isAfter(a: Position, b: Position): boolean {
  return a.offset === b.offset ? a.index > b.index : a.offset > b.offset
}

/** Where a message came from. */
export function positionOf(message: AnomalyMessage): Position {
  return message.kind === 'anomaly' ? message.anomaly.position : message.position
}
