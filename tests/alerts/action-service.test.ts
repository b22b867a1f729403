import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AlertActions, createAlertActions } from '../../alerts/action-service.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { pagesOfFold } from '../../alerts/outbox.ts'
import { presentAlert } from '../../alerts/present.ts'
import type { RoutedReceiver } from '../../alerts/route.ts'
import { createAlerts } from '../../alerts/service.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import type { Bus } from '../../bus/bus.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { AlertAction } from '../../records/alert-action.ts'
import { encodeAnomalyMessage } from '../../records/codec.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { AlertRow, StateStore } from '../../store/state-store.ts'
import { teachable } from '../support/alert-changes.ts'
import { anomalyOf } from '../support/anomalies.ts'
import { silentLogger } from '../support/silent-logger.ts'

const receivers: RoutedReceiver[] = [
  {
    name: 'pager',
    route: { severityMin: 'medium', behaviours: null, sites: null, groupWaitSeconds: 0 },
  },
]
const present = (row: Parameters<typeof presentAlert>[0]) => presentAlert(row, () => null)
const who = { by: 'm.weber', from: '10.0.0.5' }
const config = alertsConfigSchema.parse({})
let store: StateStore
let bus: Bus
let clockMs: number

beforeEach(async () => {
  store = createSqliteStore(
    { kind: 'sqlite', path: ':memory:', busyTimeoutMs: 0 },
    { logger: silentLogger },
  )
  bus = createMemoryBus(memoryBusConfigSchema.parse({}))
  clockMs = 1_000
  await store.start()
  await bus.start()
})
afterEach(async () => {
  await bus.stop()
  await store.stop()
})

const now = () => ++clockMs
const actionsOn = (states: Pick<StateStore, 'alerts' | 'alertChanges'> = store): AlertActions =>
  createAlertActions({ bus, states, receivers, present, logger: silentLogger, now })

/** The alert stage over the real store; `between` runs after a fold has read its rows and before it writes. */
async function stage(between: () => Promise<void> = () => Promise.resolve()) {
  const failures: unknown[] = []
  const service = createAlerts(config, {
    bus,
    states: {
      alerts: {
        ...store.alerts,
        commit: async (commit) => {
          await between()
          return store.alerts.commit(commit)
        },
      },
    },
    logger: silentLogger,
    now,
    failed: (error) => failures.push(error),
    owed: (changes) => pagesOfFold(changes, receivers, present, now()),
  })
  await service.start()
  return { service, failures }
}
const send = async (anomalies: ReturnType<typeof anomalyOf>[], from = 0) => {
  await bus.publish(
    anomalies.map((anomaly, index) => ({
      topic: 'anomalies',
      partition: 0,
      value: encodeAnomalyMessage({
        kind: 'anomaly',
        anomaly: { ...anomaly, position: { partition: 0, offset: from + index, index: 0 } },
      }),
    })),
  )
  await bus.settled('anomalies')
}
const newest = async (): Promise<AlertRow> =>
  (await store.alerts.list({ limit: 1, scoreMin: 0 }))[0]!

describe('an action', () => {
  test('on an alert that is not there is unknown', async () => {
    expect(await actionsOn().act('nobody', { action: 'start', revision: 1 }, who)).toEqual({
      result: 'unknown',
    })
  })

  test('of a second person, who had not seen the first’s, is a conflict that says who and when', async () => {
    const { service } = await stage()
    await send([anomalyOf()])
    const { id, revision } = await newest()
    const actions = actionsOn()
    const [first, second] = await Promise.all([
      actions.act(id, { action: 'acknowledge', revision }, who),
      actions.act(id, { action: 'start', revision }, { ...who, by: 'j.doe' }),
    ])
    const [done, conflict] = first.result === 'done' ? [first, second] : [second, first]
    const winner = first.result === 'done' ? 'm.weber' : 'j.doe'
    expect(done.result).toBe('done')
    expect(conflict).toMatchObject({
      result: 'conflict',
      entry: { by: winner, atMs: expect.any(Number) as number },
      row: { id },
    })
    expect(await actions.historyOf(id)).toHaveLength(1)
    await service.stop()
  })

  test('takes hold of a row that grows while it is read', async () => {
    const { service } = await stage()
    await send([anomalyOf()])
    const { id, revision } = await newest()
    let grown = 0
    const growing = actionsOn({
      ...store,
      alertChanges: {
        ...store.alertChanges,
        change: async (change) => {
          if (grown < 3)
            await send([anomalyOf({ oldestUs: 1_772_438_500e6 + grown++ * 1e6 })], 5 + grown)
          return store.alertChanges.change(change)
        },
      },
    })
    expect(await growing.act(id, { action: 'acknowledge', revision }, who)).toMatchObject({
      result: 'done',
      row: { status: 'acknowledged', count: 4 * 8 },
    })
    await service.stop()
  })
})

test('a fold that had read a row before it was closed is folded again, into a new row', async () => {
  let isToClose = false
  let id = ''
  const { service, failures } = await stage(async () => {
    if (!isToClose) return
    isToClose = false
    const action = { action: 'close', revision: 9, verdict: 'true', reason: 'seen' } as const
    expect(await actionsOn().act(id, action, who)).toMatchObject({ result: 'done' })
  })
  await send([anomalyOf()])
  const first = await newest()
  id = first.id
  isToClose = true
  await send([anomalyOf({ oldestUs: first.lastSeenUs + 60e6 })], 1)
  expect(failures).toEqual([])
  expect(service.counters()).toMatchObject({ folded: 2, refolded: 1 })
  expect(await store.alerts.get(id)).toMatchObject({ status: 'closed', count: 8 })
  expect(await newest()).toMatchObject({ status: 'new', previousId: id, count: 8 })
  await service.stop()
})

test('a closed row that grows worse is open again, on record, and pages', async () => {
  const { service } = await stage()
  const first = anomalyOf()
  await send([first])
  const { id, revision } = await newest()
  const actions = actionsOn()
  const closing = { action: 'close', revision, verdict: 'false', reason: 'lab' } as const
  await actions.act(id, closing, who)
  await send([{ ...first, count: 90, score: 0.9, timeUs: first.timeUs + 60e6 }], 1)
  expect(await newest()).toMatchObject({
    id,
    status: 'new',
    handling: { by: 'wardwatch', verdict: null },
  })
  expect((await actions.historyOf(id)).map((entry) => entry.action)).toEqual(['close', 'escalate'])
  // The first page was withdrawn, for nobody had sent it; the new one stands.
  expect(await store.outbox.ofAlert(id)).toMatchObject([
    { kind: 'trigger', state: 'withdrawn' },
    { kind: 'trigger', state: 'pending', severity: 'critical', cause: 'escalated' },
  ])
  expect(await actions.act(id, { ...closing, revision: revision + 1 }, who)).toMatchObject({
    result: 'conflict',
    entry: { by: 'wardwatch', action: 'escalate' },
  })
  await service.stop()
})

test('whatever people do, receivers end where the alert is, once they have been paged', async () => {
  const steps = fc.array(
    fc.constantFrom('acknowledge', 'start', 'close', 'reopen', 'undo', 'deliver', 'seen'),
    { minLength: 1, maxLength: 14 },
  )
  const { service } = await stage()
  let next = 0
  await fc.assert(
    fc.asyncProperty(steps, async (asked) => {
      const site = `site-${next}`
      const anomaly = teachable()
      const viewKey = `${site}|lan|ip:10.0.0.1`
      let startUs = anomaly.oldestUs
      const sight = async () => {
        startUs += 60e6
        await send(
          [anomalyOf({ ...anomaly, site, viewKey, oldestUs: startUs, timeUs: startUs })],
          next++,
        )
      }
      await sight()
      const { id } = await newestOf(site)
      const actions = actionsOn()
      for (const step of asked) {
        if (step === 'seen') await sight()
        else if (step === 'deliver') await deliverAll()
        else await actions.act(id, actionOf(step), who)
      }
      await deliverAll()
      const row = (await store.alerts.get(id))!
      expect(stateAtReceiver(await store.outbox.ofAlert(id))).toBe(expectedState(row.status))
    }),
    { numRuns: 60 },
  )
  await service.stop()
})

async function newestOf(site: string): Promise<AlertRow> {
  const rows = await store.alerts.list({ limit: 1_000, scoreMin: 0 })
  return rows.find((row) => row.leading.site === site)!
}

function actionOf(step: 'acknowledge' | 'start' | 'close' | 'reopen' | 'undo'): AlertAction {
  const revision = Number.MAX_SAFE_INTEGER
  return step === 'close'
    ? { action: step, revision, verdict: 'benign-expected', reason: 'as agreed' }
    : { action: step, revision }
}

/** Everything that is owed is delivered, in order. */
async function deliverAll(): Promise<void> {
  for (;;) {
    const claim = { receiver: 'pager', owner: 'p', nowMs: 1e9, leaseMs: 1, limit: 100 }
    const rows = await store.outbox.claim(claim)
    if (rows.length === 0) return
    for (const { sequence } of rows)
      await store.outbox.settle(sequence, 'p', 1e9, { state: 'delivered', reason: null })
  }
}

/** What PagerDuty would show; `none`: it never heard of it. */
function stateAtReceiver(told: Awaited<ReturnType<StateStore['outbox']['ofAlert']>>): string {
  let state = 'none'
  for (const { kind, state: sent } of told) {
    if (sent === 'withdrawn') continue
    expect(sent).toBe('delivered')
    if (kind === 'trigger') state = 'triggered'
    else if (state !== 'none') state = kind === 'resolve' ? 'resolved' : 'acknowledged'
  }
  // Closed before anybody was told is as good as told and resolved.
  return state === 'none' ? 'resolved' : state
}

function expectedState(status: AlertRow['status']): string {
  if (status === 'closed') return 'resolved'
  return status === 'new' ? 'triggered' : 'acknowledged'
}
