import type { Alert } from '../records/alert.ts'
import { formatTime, type TimeUs } from '../records/time.ts'
import type { DeviceRow, DeviceStore, HostSectionRow, StateStore } from '../store/state-store.ts'
import type { Device, DeviceDetail, DeviceRelation, IdentityFact, Related } from './api.ts'
import { type Present, shownScoreMin } from './queries.ts'

/** What the dashboard reads of devices. */
export interface DeviceQueries {
  readonly alerts: Pick<StateStore['alerts'], 'get'>
  readonly devices: Pick<
    DeviceStore,
    'list' | 'get' | 'sectionsOf' | 'alertsOf' | 'alertsNaming' | 'namesOf'
  >
}

/** What the analyzer has learned of a host, as analyzer/describe.ts makes it readable; app/wire.ts joins the two. */
export interface LearnedHost {
  readonly isThin: boolean
  readonly days: number
  readonly weekendDays: number
  readonly activeHours: number
  readonly flows: number
  readonly newRelations: number
  readonly newRelationsMax: number
  readonly thresholds: {
    readonly daysMin: number
    readonly activeHoursMin: number
    readonly daysMax: number
  }
  readonly identity: readonly {
    readonly kind: string
    readonly value: string
    readonly firstUs: TimeUs
    readonly lastUs: TimeUs
  }[]
  readonly relations: readonly (Omit<DeviceRelation, 'first' | 'last' | 'partyName'> & {
    readonly firstUs: TimeUs
    readonly lastUs: TimeUs
  })[]
  readonly relationsEvicted: number
}

/** What app/wire.ts lends the device pages. */
export interface DeviceKnowledge {
  readonly describe: {
    /** Names of the sections that it reads. */
    readonly sections: readonly string[]
    /** @throws WardwatchError STATE_INCOMPATIBLE */
    (rows: readonly HostSectionRow[]): LearnedHost | null
  }
  /** What the configuration declares of a host. */
  readonly declaredOf: (key: string, address: string | null) => DeviceDetail['declared']
}

/** Alerts of one kind that a page shows beside something. */
const alertsMax = 50
/** Peers of an alert whose other alerts are looked for. */
const peersMax = 4

export function deviceOf(row: DeviceRow): Device {
  const { host, firstSeenUs, lastSeenUs, ...rest } = row
  return {
    key: host,
    ...rest,
    firstSeen: formatTime(firstSeenUs),
    lastSeen: formatTime(lastSeenUs),
  }
}

/** Everything the page shows of one device, or null when it is not known. */
export async function deviceDetailOf(
  states: DeviceQueries,
  present: Present,
  knowledge: DeviceKnowledge,
  key: string,
): Promise<DeviceDetail | null> {
  const row = await states.devices.get(key)
  if (row === null) return null
  const { describe, declaredOf } = knowledge
  const learned = describe(await states.devices.sectionsOf(key, describe.sections))
  const limits = { limit: alertsMax, scoreMin: shownScoreMin }
  return {
    device: deviceOf(row),
    declared: declaredOf(key, row.address),
    identity: learned?.identity.map(factOf) ?? [],
    baseline: learned === null ? null : await baselineOf(states, learned),
    alerts: presented(await states.devices.alertsOf(key, limits), present),
    named: presented(await states.devices.alertsNaming(key, limits), present),
  }
}

async function baselineOf(
  states: DeviceQueries,
  learned: LearnedHost,
): Promise<NonNullable<DeviceDetail['baseline']>> {
  const { relations } = learned
  const names = await states.devices.namesOf([...new Set(relations.map(({ party }) => party))])
  return {
    isThin: learned.isThin,
    days: learned.days,
    weekendDays: learned.weekendDays,
    activeHours: learned.activeHours,
    flows: learned.flows,
    newRelations: learned.newRelations,
    newRelationsMax: learned.newRelationsMax,
    thresholds: learned.thresholds,
    relationsEvicted: learned.relationsEvicted,
    relations: relations.map(({ firstUs, lastUs, ...relation }) => ({
      ...relation,
      partyName: names.get(relation.party) ?? null,
      first: formatTime(firstUs),
      last: formatTime(lastUs),
    })),
  }
}

function factOf({ kind, value, firstUs, lastUs }: LearnedHost['identity'][number]): IdentityFact {
  return { kind, value, first: formatTime(firstUs), last: formatTime(lastUs) }
}

/** Other alerts of the device of an alert and of its first peers, or null when there is no such alert. */
export async function relatedOf(
  states: DeviceQueries,
  present: Present,
  alertId: string,
): Promise<Related | null> {
  const row = await states.alerts.get(alertId)
  if (row === null) return null
  const limits = { limit: alertsMax, scoreMin: shownScoreMin }
  const own = await states.devices.alertsOf(row.leading.viewKey, limits)
  const seen = new Set([alertId, ...own.map(({ id }) => id)])
  const ofPeers: Alert[] = []
  const peers = [...new Set(row.peers.map(({ key }) => key))].filter((key) => key !== null)
  for (const key of peers.slice(0, peersMax)) {
    const theirs = await states.devices.alertsOf(key, limits)
    const naming = await states.devices.alertsNaming(key, limits)
    const fresh = [...theirs, ...naming].filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    ofPeers.push(...presented(fresh, present))
  }
  const others = own.filter(({ id }) => id !== alertId)
  return {
    ofDevice: presented(others, present),
    ofPeers: ofPeers.sort((a, b) => (a.lastSeen < b.lastSeen ? 1 : -1)).slice(0, alertsMax),
  }
}

function presented(rows: readonly Parameters<Present>[0][], present: Present): Alert[] {
  return rows.map(present).filter((alert) => alert !== null)
}
