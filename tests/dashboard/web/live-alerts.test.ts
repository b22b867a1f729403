import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ServerMessage } from '../../../dashboard/api.ts'
import { createLiveAlerts, type FeedSocket } from '../../../dashboard/web/data/live-alerts.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** A line whose other end is the test. */
function createLine() {
  const heard = new Map<string, (event: { data: unknown }) => void>()
  const socket: FeedSocket = {
    addEventListener: (type: string, listener: (event: { data: unknown }) => void) => {
      heard.set(type, listener)
    },
    send: () => undefined,
    close: () => undefined,
  }
  const status = (revision: number): ServerMessage => ({
    type: 'status',
    revision,
    nowMs: 0,
    startedMs: 0,
    lagMs: null,
    sensors: [],
  })
  return {
    socket,
    open: () => heard.get('open')!({ data: null }),
    say: (revision: number) => heard.get('message')!({ data: JSON.stringify(status(revision)) }),
  }
}

test('tells of a burst of changes at once and then five times a second, and never misses the last', () => {
  const line = createLine()
  const live = createLiveAlerts({ open: () => line.socket, now: Date.now, random: () => 0 })
  const told: number[] = []
  live.subscribe(() => told.push(live.state().revision))
  live.start()
  line.open()
  vi.advanceTimersByTime(0)
  expect(told).toEqual([0])
  for (let revision = 1; revision <= 40; revision++) {
    line.say(revision)
    vi.advanceTimersByTime(25)
  }
  vi.advanceTimersByTime(1000)
  expect(told.length).toBeLessThanOrEqual(7)
  expect(told.at(-1)).toBe(40)
  live.stop()
})

test('tells nobody after it was stopped', () => {
  const line = createLine()
  const live = createLiveAlerts({ open: () => line.socket, now: Date.now, random: () => 0 })
  const listener = vi.fn()
  live.subscribe(listener)
  live.start()
  line.open()
  live.stop()
  vi.advanceTimersByTime(1000)
  expect(listener).not.toHaveBeenCalled()
})
