import { describe, expect, test } from 'vitest'
import { createKnownPeers } from '../../history/known-peers.ts'
import { createSeriesMinutes, type SeriesMinutes } from '../../history/series-minutes.ts'
import { seriesServices } from '../../history/series-services.ts'
import { observation } from '../support/observation.ts'
import { messageOf, seriesStartUs, view, type View } from '../support/series-flows.ts'

function create(countersMax = 1_000): SeriesMinutes & { say(...views: View[]): void } {
  const known = createKnownPeers([], 10)
  const series = createSeriesMinutes({ countersMax }, { known, isDevice: () => true }, null)
  let sequence = 0
  return {
    ...series,
    say: (...views) => series.onMessage(messageOf(views, { sequence: ++sequence }), sequence),
  }
}

const at = (series: SeriesMinutes, service = 'all') =>
  series
    .takePoints()
    .filter((point) => point.service === service)
    .map((point) => ({ ...point, minute: (point.minuteUs - seriesStartUs) / 60e6 }))

describe('a minute', () => {
  test('closes when the clock is 30 s past its end, not before', () => {
    const series = create()
    series.say(view())
    series.say(view({ atSeconds: 89 }))
    expect(series.takePoints()).toEqual([])
    series.say(view({ atSeconds: 90 }))
    expect(at(series)).toMatchObject([
      { minute: 0, direction: 'in', flows: 0, packets: 2, ipBytes: 80 },
      { minute: 0, direction: 'out', flows: 1, packets: 3, ipBytes: 300 },
    ])
  })

  test('counts flows opened by the peer, and what it sent, as inward', () => {
    const series = create()
    series.say(view({ isOrig: false }))
    series.onMessage(observation({ site: 'north', kind: 'end', sequence: 9 }), 9)
    expect(at(series)).toMatchObject([
      { direction: 'in', flows: 1, packets: 3, ipBytes: 300 },
      { direction: 'out', flows: 0, packets: 2, ipBytes: 80 },
    ])
  })

  test('tells peers apart, and those never met before', () => {
    const series = create()
    series.say(view({ peer: 'a' }), view({ peer: 'a' }), view({ peer: 'b' }), view({ peer: null }))
    series.say(view({ peer: 'a', atSeconds: 60 }), view({ peer: 'c', atSeconds: 61 }))
    series.say(view({ peer: 'c', atSeconds: 120 }))
    series.onMessage(observation({ site: 'north', kind: 'end', sequence: 9 }), 9)
    const out = at(series).filter(({ direction }) => direction === 'out')
    expect(out.map(({ peers, newPeers }) => [peers, newPeers])).toEqual([
      [2, 2],
      [2, 1],
      [1, 0],
    ])
  })

  test.each([
    { name: 'a recognised protocol', fields: { service: 'hl7', respPort: 9_999 }, service: 'hl7' },
    { name: 'a port', fields: { respPort: 104 }, service: 'dicom' },
    { name: 'https', fields: { respPort: 443 }, service: 'tls' },
    { name: 'an unknown TCP port', fields: { respPort: 9_999 }, service: 'tcp' },
    { name: 'an unknown UDP port', fields: { protocol: 17, respPort: 9_999 }, service: 'udp' },
    { name: 'a TCP port over UDP', fields: { protocol: 17, respPort: 104 }, service: 'udp' },
    { name: 'ICMP', fields: { protocol: 58, respPort: 0 }, service: 'icmp' },
    { name: 'another transport', fields: { protocol: 47 }, service: 'other' },
    { name: 'a protocol without a name here', fields: { service: 'zyx' }, service: 'other' },
  ])('names the service by $name', ({ fields, service }) => {
    const series = create()
    series.say(view(fields))
    series.onMessage(observation({ site: 'north', kind: 'end', sequence: 9 }), 9)
    expect(at(series, service)).toHaveLength(2)
  })

  test('has one of a few dozen services', () => {
    expect(seriesServices.length).toBeLessThan(40)
    expect(new Set(seriesServices).size).toBe(seriesServices.length)
  })
})

describe('rows that are in no point', () => {
  test('are counted when they come more than 30 s late', () => {
    const series = create()
    series.say(view({ atSeconds: 40 }))
    series.say(view({ atSeconds: 9 }))
    series.say(view({ atSeconds: 10 }))
    expect(series.counters()).toMatchObject({ rows: 2, lateRows: 1 })
  })

  test('are counted when too many counters are open, and the others go on', () => {
    const series = create(2)
    series.say(view(), view({ host: 'north|lan|ip:10.0.0.9' }), view())
    expect(series.counters()).toMatchObject({ rows: 2, overflowRows: 1 })
    series.say(view({ atSeconds: 600 }))
    series.say(view({ atSeconds: 601 }))
    expect(series.counters()).toMatchObject({ rows: 3, overflowRows: 2 })
  })
})

describe('a recording', () => {
  const begin = (sequence: number, run: string) =>
    observation({
      site: 'north',
      kind: 'recording',
      run,
      sequence,
      recording: { name: run, teaches: false },
    })

  test('that lies before what was read begins a time of its own', () => {
    const series = create()
    series.say(view({ atSeconds: 3_600 }))
    series.onMessage(begin(1, 'old'), 2)
    series.onMessage(messageOf([view({ atSeconds: 0 })], { run: 'old', sequence: 2 }), 3)
    series.onMessage(observation({ site: 'north', kind: 'end', run: 'old', sequence: 3 }), 4)
    expect(at(series).map(({ minute }) => minute)).toEqual([60, 60, 0, 0])
    expect(series.counters().lateRows).toBe(0)
  })

  test('of a sensor that was restarted goes on with the open minute', () => {
    const series = create()
    series.say(view({ atSeconds: 10 }))
    series.onMessage(begin(1, 'next'), 2)
    series.onMessage(messageOf([view({ atSeconds: 20 })], { run: 'next', sequence: 2 }), 3)
    series.onMessage(observation({ site: 'north', kind: 'end', run: 'next', sequence: 3 }), 4)
    expect(at(series)).toMatchObject([{ packets: 4 }, { packets: 6 }])
  })
})

test('what a restarted sensor sends again is counted once', () => {
  const series = create()
  const message = messageOf([view()], { sequence: 1 })
  series.onMessage(message, 0)
  series.onMessage(message, 1)
  series.onMessage(observation({ site: 'north', kind: 'end', sequence: 2 }), 2)
  expect(at(series)).toMatchObject([{ packets: 2 }, { packets: 3 }])
})
