import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Alert, AlertAction } from '../../../dashboard/api.ts'
import {
  type ActionOutcome,
  createAlertActions,
  toastMs,
  withPending,
} from '../../../dashboard/web/data/alert-actions.ts'

const alert = (id: string, status: Alert['status'] = 'new') =>
  ({ id, status, device: { id, name: `name-${id}`, addresses: [], mac: null } }) as unknown as Alert

function setUp() {
  const posted: { id: string; action: AlertAction }[] = []
  const world = { revision: 40, answer: (): ActionOutcome => ({ kind: 'done', revision: 41 }) }
  const actions = createAlertActions({
    post: (id, action) => {
      posted.push({ id, action })
      return Promise.resolve(world.answer())
    },
    revision: () => world.revision,
    now: () => 100_000,
  })
  const shown = (id: string, feedRevision = world.revision) =>
    withPending(new Map([[id, alert(id)]]), actions.state().pending, feedRevision).get(id)!.status
  const texts = () => actions.state().toasts.map((toast) => toast.text)
  return { posted, world, actions, shown, texts }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('what is done to an alert', () => {
  test('is shown at once, and until the feed has told of it', async () => {
    const { posted, actions, shown } = setUp()
    const done = actions.act([alert('a')], { action: 'acknowledge' })
    expect(shown('a')).toBe('acknowledged')
    await done
    expect(posted).toEqual([{ id: 'a', action: { action: 'acknowledge', revision: 40 } }])
    expect(shown('a', 40)).toBe('acknowledged')
    // From here on the feed says what is.
    expect(shown('a', 41)).toBe('new')
  })

  test('is taken back when somebody else was faster, and says who', async () => {
    const { world, actions, shown, texts } = setUp()
    world.answer = () => ({ kind: 'conflict', by: 'anna', action: 'close', atMs: 88_000 })
    await actions.act([alert('a')], { action: 'start' })
    expect(shown('a')).toBe('new')
    expect(texts()).toEqual(['name-a: not changed. anna was faster (closed 12 s ago)'])
    expect(actions.state().toasts[0]!.undo).toBeNull()
  })

  test('is taken back when the server does not answer', async () => {
    const { world, actions, shown, texts } = setUp()
    world.answer = () => ({ kind: 'failed', reason: 'Failed to fetch' })
    await actions.act([alert('a')], { action: 'acknowledge' })
    expect(shown('a')).toBe('new')
    expect(texts()).toEqual(['name-a: not changed. Failed to fetch'])
  })

  test('can be undone for ten seconds, by the revision it was done at', async () => {
    const { posted, actions, texts } = setUp()
    await actions.act([alert('a')], { action: 'acknowledge' })
    await actions.undoLast()
    expect(posted.at(-1)).toEqual({ id: 'a', action: { action: 'undo', revision: 41 } })
    expect(texts()).toEqual(['Undone'])
    await vi.advanceTimersByTimeAsync(toastMs)
    expect(texts()).toEqual([])
    await actions.undoLast()
    expect(posted).toHaveLength(2)
  })

  test('replaces the offer to undo what was done to it before', async () => {
    const { actions, texts } = setUp()
    await actions.act([alert('a')], { action: 'acknowledge' })
    await actions.act([alert('b')], { action: 'acknowledge' })
    await actions.act([alert('a')], { action: 'start' })
    expect(texts()).toEqual(['name-b: acknowledged', 'name-a: in progress'])
  })

  test('is told once for many, with those that failed apart', async () => {
    const { posted, world, actions, texts } = setUp()
    let calls = 0
    world.answer = () =>
      ++calls === 2 ? { kind: 'failed', reason: 'no' } : { kind: 'done', revision: 40 + calls }
    const closing = { action: 'close', verdict: 'true', reason: 'test' } as const
    await actions.act([alert('a'), alert('b'), alert('c')], closing)
    expect(texts()).toEqual(['name-b: not changed. no', '2 alerts: closed'])
    world.answer = () => ({ kind: 'done', revision: 50 })
    await actions.undoLast()
    expect(posted.slice(3).map(({ id, action }) => [id, action])).toEqual([
      ['a', { action: 'undo', revision: 41 }],
      ['c', { action: 'undo', revision: 43 }],
    ])
  })
})

test('nothing is copied while nothing was done', () => {
  const alerts = new Map([['a', alert('a')]])
  expect(withPending(alerts, new Map(), 1)).toBe(alerts)
})
