import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FlowIndex } from '../../ingest/flow-index.ts'
import { SlotList } from '../../ingest/slot-list.ts'

const capacity = 16
const steps = fc.array(
  fc.record({
    slot: fc.nat(capacity - 1),
    hash: fc.integer({ min: 0, max: 5 }),
    isInsert: fc.boolean(),
  }),
)

function find(index: FlowIndex, slot: number, hash: number): boolean {
  let at = index.first(hash)
  for (let found = index.slotAt(at); found >= 0; found = index.slotAt(at)) {
    if (found === slot) return true
    at = index.after(at, hash)
  }
  return false
}

describe('the flow index', () => {
  test('finds what was inserted and not removed, also when hashes collide', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const index = new FlowIndex(capacity)
        const model = new Map<number, number>()
        for (const { slot, hash, isInsert } of list) {
          if (isInsert && !model.has(slot)) {
            // Hashes near the end of the table, so that probing wraps around.
            index.insert(slot, hash + 29)
            model.set(slot, hash + 29)
          } else if (!isInsert && model.has(slot)) {
            index.remove(slot)
            model.delete(slot)
          }
          for (let s = 0; s < capacity; s++) {
            const expected = model.get(s)
            expect(find(index, s, expected ?? 29)).toBe(expected !== undefined)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the slot list', () => {
  test('keeps slots in the order they were appended', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const slots = new SlotList(capacity)
        let model: number[] = []
        for (const { slot, isInsert } of list) {
          model = model.filter((s) => s !== slot)
          if (isInsert) {
            slots.append(slot)
            model.push(slot)
          } else slots.remove(slot)
          expect([slots.first, slots.has(slot)]).toEqual([model[0] ?? -1, isInsert])
        }
      }),
    )
  })
})
