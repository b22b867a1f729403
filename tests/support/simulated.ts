import { listAlerts } from '../../alerts/present.ts'
import { parseConfig } from '../../app/config.ts'
import { createWardwatch } from '../../app/wire.ts'
import type { Alert } from '../../records/alert.ts'
import type { Station } from '../../simulator/packets.ts'
import { declaredInventory } from '../../simulator/declared.ts'
import type { Label } from '../../simulator/labels.ts'
import { createSimulatedRecords } from '../../simulator/records/record-source.ts'
import { playScenario, type ScenarioOptions } from '../../simulator/scenario.ts'
import { silentLogger } from './silent-logger.ts'

export interface Simulated {
  readonly alerts: readonly Alert[]
  readonly labels: readonly Label[]
}

/** Alerts of a scenario, watched by the whole product after `learnUs` of the same hospital without attacks. */
export async function simulated(
  options: ScenarioOptions & { readonly learnUs: number },
): Promise<Simulated> {
  const { period, seed, learnUs } = options
  const learnPeriod = { fromUs: period.fromUs - learnUs, toUs: period.fromUs }
  const size = options.size ?? 'ward'
  const taught = playScenario({ name: 'ward', period: learnPeriod, seed: seed + 1, size })
  const watched = playScenario({ ...options, size })
  const config = parseConfig({
    inventory: declaredInventory(watched.cast),
    store: { path: ':memory:' },
  })
  const failure = Promise.withResolvers<never>()
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    recordings: [
      {
        name: 'history',
        teaches: true,
        source: createSimulatedRecords('history', taught.exchanges, learnPeriod),
      },
      {
        name: 'watched',
        teaches: false,
        source: createSimulatedRecords('watched', watched.exchanges, period),
      },
    ],
    logger: silentLogger,
    now: () => 0,
    failed: (error) => failure.reject(error),
  })
  const { ingest, alerts, bus, states } = wardwatch
  if (ingest === null || alerts === null) throw new Error('needs ingest and alerts')
  try {
    await wardwatch.start()
    const { sensor, run } = config.ingest
    const ended = ingest.done.then(() =>
      alerts.ended(sensor, run, bus.partitionCount('observations')),
    )
    await Promise.race([ended, failure.promise])
    return {
      alerts: await listAlerts(states.alerts, wardwatch.vendorOf),
      labels: watched.labels,
    }
  } finally {
    await wardwatch.stop()
  }
}

/** Whether an alert is about a station: as the device or among the peers. */
export function isAbout({ device, peers }: Alert, station: Station): boolean {
  if (device.addresses.includes(station.ip) || device.mac === station.mac) return true
  return peers.some(({ address, mac }) => address === station.ip || mac === station.mac)
}

const second = 1e6
/** Grace of detectors, and the time a silence takes to be one. */
const noticeUs = 180 * second

/** Whether an alert is what the label tells of: behaviour, parties and time. */
export function isOf(alert: Alert, label: Label): boolean {
  if (alert.behaviour !== label.behaviour || !isAbout(alert, label.offender)) return false
  if (label.victim !== null && !isAbout(alert, label.victim)) return false
  return isWithin(alert, label)
}

/** Whether an alert falls into the time of a label. */
export function isWithin({ firstSeen }: Alert, { fromUs, toUs }: Label): boolean {
  const seenUs = Date.parse(firstSeen) * 1000
  return seenUs >= fromUs - second && seenUs <= toUs + noticeUs
}
