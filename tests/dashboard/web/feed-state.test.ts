import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { presentAlert } from '../../../alerts/present.ts'
import { foldAnomaly } from '../../../alerts/fold.ts'
import type { Alert, ServerMessage } from '../../../dashboard/api.ts'
import {
  type FeedState,
  initialFeed,
  newestFirst,
  reduceFeed,
  rowsMax,
} from '../../../dashboard/web/data/feed-state.ts'
import { anomalyOf, shiftStartUs } from '../../support/anomalies.ts'

const config = { episodeGapSeconds: 3600, episodeAnomaliesMax: 1000 }

function alertOf(device: number, atSecond = 0): Alert {
  const anomaly = anomalyOf({
    viewKey: `north|lan|ip:${device}`,
    oldestUs: shiftStartUs,
    timeUs: shiftStartUs + atSecond * 1e6,
  })
  return presentAlert(foldAnomaly(null, anomaly, config).row, () => null)!
}

const hear = (state: FeedState, ...messages: ServerMessage[]) =>
  messages.reduce((s, message) => reduceFeed(s, { type: 'heard', message, nowMs: 1 }), state)
const delta = (revision: number, alert: Alert): ServerMessage => ({
  type: 'delta',
  revision,
  alert,
})

describe('the page', () => {
  test('adds rows it is told of and replaces those it knows', () => {
    const state = hear(
      initialFeed,
      delta(1, alertOf(1)),
      delta(2, alertOf(2)),
      delta(3, alertOf(1, 9)),
    )
    expect(newestFirst(state.alerts).map((a) => a.device.id)).toEqual([
      'north|lan|ip:1',
      'north|lan|ip:2',
    ])
    expect(state.revision).toBe(3)
  })

  test('ignores a delta it has seen: an older state never replaces a newer one', () => {
    const state = hear(initialFeed, delta(5, alertOf(1, 9)))
    expect(hear(state, delta(4, alertOf(1, 0))).alerts).toBe(state.alerts)
  })

  test('forgets what a snapshot does not hold, a lower revision included', () => {
    const state = hear(initialFeed, delta(7, alertOf(1)))
    const next = hear(state, { type: 'snapshot', revision: 2, alerts: [alertOf(2)] })
    expect([...next.alerts.values()]).toEqual([alertOf(2)])
    expect(next.revision).toBe(2)
  })

  test('keeps its rows when the line is lost', () => {
    const state = reduceFeed(hear(initialFeed, delta(1, alertOf(1))), { type: 'lost' })
    expect(state).toMatchObject({ line: 'lost', revision: 1 })
    expect(state.alerts.size).toBe(1)
  })

  test('keeps the newest rows when there are too many', () => {
    const many = Array.from({ length: rowsMax + 101 }, (_, i) => delta(i + 1, alertOf(i, i)))
    const state = hear(initialFeed, ...many)
    expect(state.alerts.size).toBe(rowsMax)
    expect(state.alerts.has(alertOf(0).id)).toBe(false)
    expect(newestFirst(state.alerts)[0]?.device.id).toBe(`north|lan|ip:${rowsMax + 100}`)
  })

  test('ends in the same state however often messages are repeated in order', () => {
    const messages = fc.array(fc.tuple(fc.nat(5), fc.nat(60)), { maxLength: 20 })
    fc.assert(
      fc.property(messages, fc.nat(20), (list, from) => {
        const deltas = list.map(([device, second], i) => delta(i + 1, alertOf(device, second)))
        const once = hear(initialFeed, ...deltas)
        expect(hear(once, ...deltas.slice(from))).toEqual(once)
      }),
    )
  })
})
