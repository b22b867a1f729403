import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDropTotals, parseDropReport } from '../../ingest/drop-report.ts'

describe("tcpdump's counts", () => {
  test.each([
    {
      name: 'all in one line, on SIGUSR1',
      line: 'tcpdump: 5 packets captured, 7 packets received by filter, 1 packet dropped by kernel',
      report: { received: 7, droppedByKernel: 1 },
    },
    {
      name: 'losses of the network card',
      line: 'tcpdump: 0 packets captured, 9 packets received by filter, 2 packets dropped by kernel, 3 packets dropped by interface',
      report: { received: 9, droppedByKernel: 2, droppedByInterface: 3 },
    },
    {
      name: 'one count a line, at the end',
      line: '12 packets dropped by kernel',
      report: { droppedByKernel: 12 },
    },
    { name: 'another message', line: 'tcpdump: listening on eth1, link-type EN10MB', report: null },
    {
      name: 'a number beyond any counter',
      line: '123456789012 packets dropped by kernel',
      report: null,
    },
    { name: 'nothing', line: '', report: null },
  ])('are read: $name', ({ line, report }) => {
    expect(parseDropReport(line)).toEqual(report)
  })

  test('sum up over captures that follow one another, and over the end of their 32-bit counters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat({ max: 2 ** 31 }), { maxLength: 6 }), { maxLength: 5 }),
        (captures) => {
          const totals = createDropTotals()
          let expected = 0
          for (const growths of captures) {
            totals.restart()
            let counter = 0
            for (const growth of growths) {
              counter += growth
              totals.add({ droppedByKernel: counter % 2 ** 32 })
            }
            expected += counter
          }
          expect(totals.dropped).toBe(expected)
        },
      ),
    )
  })
})
