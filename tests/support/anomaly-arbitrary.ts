import fc from 'fast-check'
import type { Anomaly } from '../../records/anomaly.ts'
import { minuteUs } from '../../records/time.ts'
import { anomalyOf, peerOf, shiftStartUs } from './anomalies.ts'

/** What three sources do in a shift, so that gaps, revisions and late starts all occur. */
export const anomalyLists: fc.Arbitrary<Anomaly[]> = fc
  .array(
    fc.record({
      source: fc.integer({ min: 1, max: 3 }),
      stepMinutes: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 50, max: 90 })),
      /** Whether it revises the last anomaly of its source instead of telling of a new one. */
      revises: fc.boolean(),
      backMinutes: fc.integer({ min: 0, max: 3 }),
      score: fc.integer({ min: 0, max: 10 }).map((n) => n / 10),
      count: fc.integer({ min: 1, max: 100 }),
      port: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    const last = new Map<number, Anomaly>()
    let timeUs = shiftStartUs
    return steps.map((step, index) => {
      timeUs += step.stepMinutes * minuteUs
      const before = last.get(step.source)
      const isRevision = step.revises && before !== undefined
      const anomaly = anomalyOf({
        viewKey: `north|lan|ip:10.60.1.${step.source}`,
        // Two anomalies of one row key never share their oldest record.
        oldestUs: isRevision ? before.oldestUs : timeUs - step.backMinutes * minuteUs - index,
        timeUs,
        score: step.score,
        count: isRevision ? before.count + step.count : step.count,
        peers: [peerOf('10.60.1.20', step.port)],
      })
      last.set(step.source, anomaly)
      return anomaly
    })
  })
