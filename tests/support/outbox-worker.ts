import { appendFileSync } from 'node:fs'
import { createAlertActions } from '../../alerts/action-service.ts'
import { createDelivery } from '../../alerts/delivery.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import type { Notifier } from '../../alerts/notifier.ts'
import { pagesOfFold } from '../../alerts/outbox.ts'
import { presentAlert } from '../../alerts/present.ts'
import { deliverySchema } from '../../alerts/receiver-config.ts'
import type { RoutedReceiver } from '../../alerts/route.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { StateStore } from '../../store/state-store.ts'
import { anomalyOf, streamOf } from './anomalies.ts'
import { silentLogger } from './silent-logger.ts'

// Started again and again by tests/alerts/outbox-kill.test.ts: opens alerts, acknowledges and closes them, and delivers
// what is owed, until nothing is. At the step it is told, it is killed (-9) by itself. Everything done is written to the
// journal as it is done: what the store has acknowledged, and what the receivers were told.

const [database, journal, dieAt] = process.argv.slice(2) as [string, string, string]
const [step, nth] = dieAt.split(':')
let passed = 0

/** A marked point between two steps: the process ends here, if this is where it is to end. */
function point(name: string): void {
  if (name === step && ++passed === Number(nth)) process.kill(process.pid, 'SIGKILL')
}
const note = (entry: object) => appendFileSync(journal, `${JSON.stringify(entry)}\n`)

const receivers: RoutedReceiver[] = ['pager', 'mail'].map((name) => ({
  name,
  route: { severityMin: 'medium', behaviours: null, sites: null, groupWaitSeconds: 0 },
}))
const present = (row: Parameters<typeof presentAlert>[0]) => presentAlert(row, () => null)
const real = createSqliteStore(
  { kind: 'sqlite', path: database, busyTimeoutMs: 10_000 },
  { logger: silentLogger },
)
const bus = createMemoryBus(memoryBusConfigSchema.parse({}))
await real.start()
await bus.start()

/** The store, with a point before and after each step of an obligation's life. */
const store: Pick<StateStore, 'alerts' | 'alertChanges' | 'outbox'> = {
  alerts: {
    ...real.alerts,
    commit: async (commit) => {
      point('before-fold')
      const revision = await real.alerts.commit(commit)
      point('after-fold')
      return revision
    },
  },
  alertChanges: {
    ...real.alertChanges,
    change: async (change) => {
      point('before-change')
      const row = await real.alertChanges.change(change)
      point('after-change')
      return row
    },
  },
  outbox: {
    ...real.outbox,
    claim: async (claim) => {
      point('before-claim')
      const rows = await real.outbox.claim(claim)
      if (rows.length > 0) point('after-claim')
      return rows
    },
    settle: async (...given) => {
      point('before-settle')
      const isOwn = await real.outbox.settle(...given)
      point('after-settle')
      return isOwn
    },
  },
}

const notifierOf = (receiver: string): Notifier => ({
  send({ key, dedupKey, kind, alert }) {
    point('before-send')
    note({ told: receiver, key, dedupKey, kind, alertId: alert.id })
    point('after-send')
    return Promise.resolve({ result: 'delivered' })
  },
  close: () => Promise.resolve(),
})
const delivery = createDelivery(deliverySchema.parse({}), {
  outbox: store.outbox,
  // A lease of 15 s and the attempt's time would make every restart wait: an attempt here is over at once.
  receivers: receivers.map(({ name }) => ({
    name,
    notifier: notifierOf(name),
    workersMax: 2,
    timeoutMs: 1,
  })),
  urlOf: (id) => `https://ward.example/#/alerts/${id}`,
  logger: silentLogger,
  // Each life begins a minute later than the one before, so that no lease of a dead one is in the way.
  now: () => Date.now() + Number(process.argv[5]) * 60_000,
  random: () => 0,
  owner: `${process.pid}`,
})
const actions = createAlertActions({
  bus,
  states: store,
  receivers,
  present,
  logger: silentLogger,
  now: Date.now,
})

const config = alertsConfigSchema.parse({})
const victims = ['10.60.1.66', '10.60.1.67', '10.60.1.68']
const who = { by: 'm.weber', from: 'test' }

/** One alert's life, taken up where the store says it is. */
async function live(index: number, address: string): Promise<void> {
  const anomaly = anomalyOf({ viewKey: `north|lan|ip:${address}` })
  const isFolded = (await real.alerts.newestOf(rowKeyFor(address))) !== null
  if (!isFolded) {
    const { commit, changes } = await foldBatch(streamOf([anomaly]), store.alerts, config)
    const obligations = pagesOfFold(changes, receivers, present, Date.now() + index)
    await store.alerts.commit({ ...commit, moves: [], obligations })
  }
  const row = (await real.alerts.newestOf(rowKeyFor(address)))!
  note({ opened: row.id })
  // What nobody has begun to send would be withdrawn by the close: here each is to be delivered.
  if (row.status === 'new') {
    await delivered()
    await actions.act(row.id, { action: 'acknowledge', revision: 1_000_000 }, who)
  }
  const acknowledged = (await real.alerts.get(row.id))!
  if (acknowledged.status === 'acknowledged') {
    note({ acknowledged: row.id })
    await delivered()
    await actions.act(
      row.id,
      { action: 'close', revision: 1_000_000, verdict: 'true', reason: 'seen' },
      who,
    )
  }
  note({ closed: row.id })
}

function rowKeyFor(address: string): string {
  return JSON.stringify(['north', 'port-scan', `north|lan|ip:${address}`, '10.60.1.0/24'])
}

/** Resolves when nothing is owed any more. */
async function delivered(): Promise<void> {
  for (;;) {
    delivery.wake()
    const owed = (await real.outbox.counts()).some(({ state }) => state === 'pending')
    if (!owed) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

await delivery.start()
for (const [index, address] of victims.entries()) await live(index, address)
await delivered()
await delivery.stop()
note({ done: true })
await bus.stop()
await real.stop()
