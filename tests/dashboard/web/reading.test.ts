import { describe, expect, test } from 'vitest'
import type { Alert } from '../../../dashboard/api.ts'
import { initialFeed } from '../../../dashboard/web/data/feed-state.ts'
import { changeHold, holdList, noHold } from '../../../dashboard/web/data/held-list.ts'
import { lineStateOf } from '../../../dashboard/web/data/line-state.ts'
import { ago, duration, formatBytes, utcTime } from '../../../dashboard/web/data/numbers.ts'
import { whyLines } from '../../../dashboard/web/data/why.ts'
import { peersInBrief } from '../../../dashboard/web/data/words.ts'
import { peerOf } from '../../support/anomalies.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test.each([
  { passedMs: -5 * second, text: 'now' },
  { passedMs: 999, text: 'now' },
  { passedMs: 59 * second, text: '59 s' },
  { passedMs: 60 * second, text: '1 min' },
  { passedMs: 23 * hour, text: '23 h' },
  { passedMs: 400 * day, text: '400 d' },
  { passedMs: 9 * 365.25 * day, text: '9 y' },
])('a moment $passedMs ms ago reads "$text"', ({ passedMs, text }) => {
  expect(ago(0, passedMs)).toBe(text)
})

test.each([
  { ms: 400, text: '0.4 s' },
  { ms: 12_300, text: '12 s' },
  { ms: 3 * minute, text: '3 min' },
  { ms: 3 * hour, text: '3 h' },
  { ms: 3 * day, text: '3 d' },
])('a duration of $ms ms reads "$text"', ({ ms, text }) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  { bytes: 0, text: '0 B' },
  { bytes: 999, text: '999 B' },
  { bytes: 1500, text: '1.5 kB' },
  { bytes: 812e6, text: '812 MB' },
  { bytes: 5e15, text: '5000 TB' },
])('$bytes bytes read "$text"', ({ bytes, text }) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('a moment is told in UTC without a doubt', () => {
  expect(utcTime(1_772_438_409_000)).toBe('2026-03-02 08:00:09 UTC')
})

describe('the numbers of an alert', () => {
  test.each([
    {
      name: 'a bound beside what it bounds',
      why: { failures: 36, failuresMin: 8 },
      lines: ['Failures: 36 (threshold 8)'],
    },
    {
      name: 'abbreviations of the field',
      why: { tcpPortsMin: 8, mac: 'not seen' },
      lines: ['TCP ports threshold: 8', 'MAC: not seen'],
    },
    { name: 'a bound alone', why: { attemptsMax: 3 }, lines: ['Attempts limit: 3'] },
    {
      name: 'time with its unit',
      why: { windowSeconds: 60, gapSeconds: 900 },
      lines: ['Window: 60 s', 'Gap: 15 min'],
    },
    {
      name: 'bytes with their prefix',
      why: { origIpBytes: 812e6 },
      lines: ['Orig IP bytes: 812 MB'],
    },
    { name: 'shares in per cent', why: { oneWayShare: 0.125 }, lines: ['One way share: 12.5 %'] },
    { name: 'large counts in groups', why: { flowsKnown: 41233 }, lines: ['Flows known: 41,233'] },
    { name: 'words as they are', why: { protocol: 'telnet' }, lines: ['Protocol: telnet'] },
    {
      name: 'a unit that is the whole name',
      why: { days: 63, seconds: 5 },
      lines: ['Days: 63 d', 'Within: 5 s'],
    },
    {
      name: 'a word that stands for a sentence',
      why: { cause: 'administration' },
      lines: ['Cause: administered by a host that is no declared administrator'],
    },
    { name: 'a word that nobody explains', why: { cause: 'toString' }, lines: ['Cause: toString'] },
    {
      name: 'fields that make no sense word by word',
      why: { attemptsOnly: 3, secondsSinceFailure: 2, hostsSlowMin: 40, prototype: 'x' },
      lines: [
        'Unanswered or refused: 3',
        'After the last refusal: 2 s',
        'Hosts in the slow window threshold: 40',
        'Prototype: x',
      ],
    },
  ])('show $name', ({ why, lines }) => {
    const numbers = Object.fromEntries(Object.entries(why))
    expect(whyLines(numbers).map(({ label, value }) => `${label}: ${value}`)).toEqual(lines)
  })
})

test('what was only configured is told apart from what was seen', () => {
  const why = { failures: 36, failuresMin: 8, failuresLowMin: 5, windowSeconds: 60, windows: 2 }
  const settings = whyLines(why).filter((line) => line.isSetting)
  expect(settings.map((line) => line.label)).toEqual(['Failures low threshold', 'Window'])
})

describe('a list that is held', () => {
  const row = (id: string, count = 1) => ({ id, count }) as Alert
  const known = (...rows: Alert[]) => new Map(rows.map((each) => [each.id, each]))

  test('keeps its rows in their places while new ones wait', () => {
    const list = holdList(
      [row('c'), row('b', 5), row('a')],
      ['a', 'b'],
      known(row('c'), row('b', 5), row('a')),
    )
    expect(list.rows.map((r) => `${r.id}${r.count}`)).toEqual(['a1', 'b5'])
    expect(list.waiting).toBe(1)
  })

  test('lets rows go that are gone', () => {
    expect(holdList([row('b')], ['a', 'b'], known(row('b')))).toEqual({
      rows: [row('b')],
      waiting: 0,
    })
  })

  test('keeps a row that no longer meets the filter, in its newest state', () => {
    expect(holdList([], ['a'], known(row('a', 9)))).toEqual({ rows: [row('a', 9)], waiting: 0 })
  })

  test('is the newest when nobody holds it', () => {
    expect(holdList([row('b'), row('a')], null, new Map()).rows.map((r) => r.id)).toEqual([
      'b',
      'a',
    ])
  })

  test('stands still from the first reason until the last has gone', () => {
    const hovered = changeHold(noHold, 'hovered', true, ['a'])
    const both = changeHold(hovered, 'scrolled', true, ['b', 'a'])
    const scrolled = changeHold(both, 'hovered', false, ['b', 'a'])
    expect([hovered.ids, both.ids, scrolled.ids]).toEqual([['a'], ['a'], ['a']])
    expect(changeHold(scrolled, 'scrolled', false, ['b', 'a'])).toEqual(noHold)
  })
})

describe('the connection', () => {
  const status = { revision: 1, nowMs: 0, startedMs: 0, lagMs: 400, sensors: [] }
  const live = { ...initialFeed, line: 'live' as const, heardMs: 10_000, status }

  test.each([
    { name: 'live', feed: live, nowMs: 10_500, level: 'good', text: 'live 0.4 s', isStale: false },
    {
      name: 'live without a live sensor',
      feed: { ...live, status: { ...status, lagMs: null } },
      nowMs: 10_500,
      level: 'good',
      text: 'live',
      isStale: false,
    },
    {
      name: 'late',
      feed: { ...live, status: { ...status, lagMs: 5000 } },
      nowMs: 10_500,
      level: 'late',
      text: '5.0 s behind',
      isStale: false,
    },
    {
      name: 'far behind',
      feed: { ...live, status: { ...status, lagMs: 60_000 } },
      nowMs: 10_500,
      level: 'broken',
      text: '60 s behind',
      isStale: false,
    },
    {
      name: 'silent',
      feed: live,
      nowMs: 15_000,
      level: 'late',
      text: 'silent for 5.0 s',
      isStale: true,
    },
    {
      name: 'lost',
      feed: { ...live, line: 'lost' as const },
      nowMs: 10_500,
      level: 'broken',
      text: 'disconnected',
      isStale: true,
    },
    {
      name: 'not yet there',
      feed: initialFeed,
      nowMs: 0,
      level: 'late',
      text: 'connecting',
      isStale: false,
    },
  ])('is shown as $text when it is $name', ({ feed, nowMs, level, text, isStale }) => {
    expect(lineStateOf(feed, nowMs)).toEqual({ level, text, isStale })
  })
})

test.each([
  { peers: [], direction: 'outward' as const, text: null },
  { peers: [peerOf('10.0.0.1', 104)], direction: 'outward' as const, text: '10.0.0.1:104' },
  { peers: [peerOf('fd00::1', 104)], direction: 'outward' as const, text: '[fd00::1]:104' },
  { peers: [peerOf('10.0.0.1', 23)], direction: 'inward' as const, text: '10.0.0.1' },
  { peers: [peerOf('10.0.0.1', 23)], direction: 'none' as const, text: null },
  {
    peers: [peerOf('10.0.0.1', 80), peerOf('10.0.0.2', 80)],
    direction: 'outward' as const,
    text: '10.0.0.1:80 and 1 more',
  },
  {
    peers: [peerOf('10.0.0.1', 22), peerOf('10.0.0.1', 23)],
    direction: 'outward' as const,
    text: '10.0.0.1',
  },
  {
    peers: [peerOf('10.0.0.1', 22), peerOf('10.0.0.1', 23), peerOf('10.0.0.2', 22)],
    direction: 'inward' as const,
    text: '10.0.0.1 and 1 more',
  },
])('parties read "$text" $direction', ({ peers, direction, text }) => {
  expect(peersInBrief(peers, direction)).toBe(text)
})
