import fc from 'fast-check'
import type { RowSpec } from './scene.ts'

/** Scenes of up to `rowsMax` rows between a few hosts, gaps from microseconds to minutes, in the order of time. */
export function sceneRows(rowsMax = 60): fc.Arbitrary<RowSpec[]> {
  const address = fc.integer({ min: 1, max: 6 }).map((n) => `10.0.0.${n}`)
  const row = fc.record({
    gap: fc.oneof(fc.constantFrom(0, 0.000001, 0.05, 0.1, 1), fc.integer({ min: 0, max: 200 })),
    orig: address,
    resp: fc.oneof(address, fc.constant('203.0.113.7')),
    respPort: fc.integer({ min: 20, max: 30 }),
    outcome: fc.constantFrom('answered', 'refused', 'unanswered', 'unreachable'),
    isSummary: fc.boolean(),
  })
  return fc.array(row, { minLength: 1, maxLength: rowsMax }).map((rows) => {
    let at = 0
    return rows.map(({ gap, orig, resp, respPort, outcome, isSummary }): RowSpec => {
      at = Math.round((at + gap) * 1e6) / 1e6
      return isSummary
        ? {
            record: 'summary',
            at,
            orig,
            resp,
            respPort,
            service: 'ftp',
            event: 'login',
            outcome: outcome === 'answered' ? 'success' : 'failure',
            name: `n${respPort}`,
          }
        : { record: 'flow', at, orig, resp, respPort, outcome }
    })
  })
}
