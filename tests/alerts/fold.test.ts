import { describe, expect, test } from 'vitest'
import { alertId, rowKeyOf } from '../../records/anomaly.ts'
import { hourUs, minuteUs, secondUs } from '../../records/time.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { type Episode, foldAnomaly, peersMax } from '../../alerts/fold.ts'
import { anomalyOf, peerOf, shiftStartUs } from '../support/anomalies.ts'

const config = alertsConfigSchema.parse({})
const first = anomalyOf()
const foldAll = (anomalies: Parameters<typeof foldAnomaly>[1][], start: Episode | null = null) =>
  anomalies.reduce<Episode | null>((episode, a) => foldAnomaly(episode, a, config), start)!

describe('a row', () => {
  test('begins with the first anomaly and takes its id from the start of the episode', () => {
    const { row } = foldAll([first])
    expect(row.id).toBe(alertId(rowKeyOf(first), first.oldestUs))
    expect(row).toMatchObject({ status: 'new', count: 8, leading: first, previousId: null })
    expect([row.firstSeenUs, row.lastSeenUs]).toEqual([first.oldestUs, first.timeUs])
  })

  test('counts a revised anomaly once, in its newest numbers', () => {
    const revised = { ...first, count: 24, timeUs: first.timeUs + secondUs }
    const { row, anomalies } = foldAll([first, revised])
    expect(row.count).toBe(24)
    expect(anomalies).toEqual([revised])
  })

  test('adds up different anomalies of the same parties', () => {
    const second = anomalyOf({ oldestUs: shiftStartUs + 10 * minuteUs, count: 5 })
    const { row } = foldAll([first, second])
    expect(row.count).toBe(13)
    expect(row.lastSeenUs).toBe(second.timeUs)
    expect(row.id).toBe(foldAll([first]).row.id)
  })

  test('keeps its id when an anomaly with an older record joins, and says since when', () => {
    const older = anomalyOf({ oldestUs: shiftStartUs - minuteUs })
    const { row } = foldAll([first, older])
    expect(row.id).toBe(foldAll([first]).row.id)
    expect(row.firstSeenUs).toBe(older.oldestUs)
  })

  test.each([
    { name: 'the higher score', score: 0.9, leads: true },
    { name: 'the newer of equal scores', score: 0.7, leads: true },
    { name: 'not the weaker', score: 0.5, leads: false },
  ])('is led by $name', ({ score, leads }) => {
    const second = anomalyOf({ oldestUs: shiftStartUs + minuteUs, score, summary: 'second' })
    expect(foldAll([first, second]).row.leading).toBe(leads ? second : first)
  })

  test('names at most 32 parties, those met first, each once', () => {
    const peers = Array.from({ length: 40 }, (_, i) => peerOf(`10.60.1.${i + 1}`, 443))
    const second = anomalyOf({
      oldestUs: shiftStartUs + minuteUs,
      peers: [...first.peers, ...peers],
    })
    const { row } = foldAll([first, second])
    expect(row.peers).toHaveLength(peersMax)
    expect(row.peers[0]).toEqual(first.peers[0])
    expect(new Set(row.peers.map((p) => p.address)).size).toBe(peersMax)
  })
})

describe('the next anomaly', () => {
  const after = (gapUs: number) => anomalyOf({ oldestUs: first.timeUs + gapUs })

  test.each([
    { name: 'belongs to the row after exactly one hour of quiet', gapUs: hourUs, isSame: true },
    { name: 'opens a new row one microsecond later', gapUs: hourUs + 1, isSame: false },
  ])('$name', ({ gapUs, isSame }) => {
    const { row } = foldAll([first, after(gapUs)])
    const old = foldAll([first]).row
    expect(row.id === old.id).toBe(isSame)
    expect(row.previousId).toBe(isSame ? null : old.id)
  })

  test('opens a row linked to the old one when that is closed', () => {
    const closed = foldAll([first])
    const second = after(minuteUs)
    const next = foldAnomaly(
      { ...closed, row: { ...closed.row, status: 'closed' } },
      second,
      config,
    )
    expect(next.row).toMatchObject({
      previousId: closed.row.id,
      status: 'new',
      count: second.count,
    })
  })

  test('is counted in the closed row when it revises what that row holds', () => {
    const closed = foldAll([first])
    const start = { ...closed, row: { ...closed.row, status: 'closed' as const } }
    const next = foldAnomaly(start, { ...first, count: 24, timeUs: first.timeUs + 1 }, config)
    expect(next.row).toMatchObject({ id: closed.row.id, status: 'closed', count: 24 })
  })

  test('opens the closed row again when a revision makes it worse than it was', () => {
    const closed = foldAll([first])
    const handling = {
      by: 'm.weber',
      atMs: 7,
      verdict: 'false' as const,
      reason: 'test',
      taught: ['to|tcp/443|x'],
    }
    const start = { ...closed, row: { ...closed.row, status: 'closed' as const, handling } }
    const worse = { ...first, count: 24, score: 0.8, timeUs: first.timeUs + minuteUs }
    const next = foldAnomaly(start, worse, config)
    expect(next.row).toMatchObject({
      id: closed.row.id,
      status: 'new',
      handling: {
        by: 'wardwatch',
        atMs: worse.timeUs / 1000,
        verdict: null,
        reason: null,
        taught: handling.taught,
      },
    })
  })

  test('opens a linked row when the old one holds all it may', () => {
    const limits = { ...config, episodeAnomaliesMax: 2 }
    const full = foldAll([first, after(1)])
    const next = foldAnomaly(full, after(2), limits)
    expect(next.row.previousId).toBe(full.row.id)
    expect(next.row.firstSeenUs).toBeGreaterThan(full.row.lastSeenUs)
    expect(next.row.id).not.toBe(full.row.id)
  })

  test('opens an unlinked row when it lies more than an hour before the row', () => {
    const earlier = anomalyOf({ oldestUs: shiftStartUs - 3 * hourUs })
    const next = foldAnomaly(foldAll([first]), earlier, config)
    expect(next.row).toMatchObject({ previousId: null, firstSeenUs: earlier.oldestUs })
  })

  test.each([
    { name: 'sent again', anomaly: first },
    { name: 'an older revision', anomaly: { ...first, count: 3, timeUs: first.timeUs - 1 } },
    { name: 'a smaller count of the same moment', anomaly: { ...first, count: 7 } },
  ])('changes nothing when it is $name', ({ anomaly }) => {
    const episode = foldAll([first])
    expect(foldAnomaly(episode, anomaly, config)).toBe(episode)
  })
})
