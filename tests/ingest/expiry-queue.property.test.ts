import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExpiryQueue } from '../../ingest/expiry-queue.ts'

const slots = 12
const action = fc.oneof(
  fc.record({
    kind: fc.constant('schedule' as const),
    slot: fc.nat(slots - 1),
    // Within a bucket, within the wheel, and beyond its horizon of 9 minutes.
    inUs: fc.oneof(fc.nat(1000), fc.nat(400_000), fc.nat(600_000_000), fc.nat(5_000_000_000)),
  }),
  fc.record({
    kind: fc.constant('cancel' as const),
    slot: fc.nat(slots - 1),
    inUs: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('pass' as const),
    slot: fc.constant(0),
    inUs: fc.oneof(fc.nat(1000), fc.nat(1_000_000), fc.nat(2_000_000_000)),
  }),
)

describe('the expiry queue', () => {
  test('tells what a sorted list would, in the order of (deadline, order)', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const queue = new ExpiryQueue(slots)
        const model = new Map<number, number>()
        let nowUs = 1_700_000_000_000_000
        for (const { kind, slot, inUs } of actions) {
          if (kind === 'schedule') {
            queue.schedule(slot, nowUs + inUs, 100 - slot, nowUs)
            model.set(slot, nowUs + inUs)
          } else if (kind === 'cancel') {
            queue.cancel(slot)
            model.delete(slot)
          } else {
            nowUs += inUs
            const due = [...model]
              .filter(([, at]) => at <= nowUs)
              .sort(([s, x], [t, y]) => x - y || t - s)
            if (due.length > 0) expect(queue.nextUs).toBeLessThanOrEqual(due[0]![1])
            const told: number[] = []
            for (let next = queue.pop(nowUs); next >= 0; next = queue.pop(nowUs)) told.push(next)
            expect(told).toEqual(due.map(([s]) => s))
            for (const [s] of due) model.delete(s)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
