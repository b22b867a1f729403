import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import { type ErrorCode, isWardwatchError, WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import type { SqliteStoreConfig } from '../config.ts'
import { migrate, type StateTables } from '../sql.ts'
import { createAccessRows } from '../sql-access.ts'
import { createAlertChanges } from '../sql-alert-changes.ts'
import { createAlertRows } from '../sql-alerts.ts'
import { createAuditRows } from '../sql-audit.ts'
import { createDeviceStore } from '../sql-devices.ts'
import { createSegmentStore } from '../sql-segments.ts'
import { createSeriesStates } from '../sql-series.ts'
import type { SeriesStateStore } from '../series-state-store.ts'
import type { SegmentStore } from '../segment-store.ts'
import { createOutbox } from '../sql-outbox.ts'
import { createPartitionStates } from '../sql-partitions.ts'
import type { AccessStore } from '../access-store.ts'
import type { AlertChangeStore } from '../alert-change-store.ts'
import type { OutboxStore } from '../outbox-store.ts'
import type { AuditStore } from '../audit-store.ts'
import type { AlertRows, DeviceStore, PartitionStates, StateStore } from '../state-store.ts'

/**
 * State in one SQLite file (WAL, synchronous=FULL: what a commit has acknowledged survives loss of power).
 * Several processes of one machine may share the file. Queries run on the calling thread, one call after the other.
 * @throws WardwatchError from `start`: STATE_INCOMPATIBLE (another program's file, or a newer version's) or
 * STATE_STORE_FAILED; from any call STATE_STORE_FAILED, retryable when another process held the file for too long.
 */
export function createSqliteStore(config: SqliteStoreConfig, deps: { logger: Logger }): StateStore {
  const logger = deps.logger.child({ stage: 'store', part: 'sqlite' })
  let open: {
    db: Kysely<StateTables>
    partitions: PartitionStates
    alerts: AlertRows
    devices: DeviceStore
    access: AccessStore
    audit: AuditStore
    alertChanges: AlertChangeStore
    outbox: OutboxStore
    segments: SegmentStore
    series: SeriesStateStore
  } | null = null
  let tail: Promise<unknown> = Promise.resolve()

  /** One connection: a call that began while another's transaction is open would become part of it. */
  function serial<T>(
    code: ErrorCode,
    call: (store: NonNullable<typeof open>) => Promise<T>,
  ): Promise<T> {
    const result = tail.then(async () => {
      if (open === null) throw new WardwatchError(code, 'the state store is not open')
      const store = open
      return untilFree(config.busyTimeoutMs, code, () => call(store))
    })
    tail = result.catch(() => undefined)
    return result
  }
  const onPartitions = <T>(call: (partitions: PartitionStates) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.partitions))
  const onAlerts = <T>(call: (alerts: AlertRows) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.alerts))
  const onAccess = <T>(call: (access: AccessStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.access))
  const onAudit = <T>(call: (audit: AuditStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.audit))
  const onSegments = <T>(call: (segments: SegmentStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.segments))
  const onSeries = <T>(call: (series: SeriesStateStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.series))
  const onDevices = <T>(call: (devices: DeviceStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.devices))
  const onChanges = <T>(call: (changes: AlertChangeStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.alertChanges))
  const onOutbox = <T>(call: (outbox: OutboxStore) => Promise<T>) =>
    serial('STATE_STORE_FAILED', (store) => call(store.outbox))

  return {
    async start() {
      if (open !== null) return
      const db = await untilFree(config.busyTimeoutMs, 'STATE_STORE_FAILED', () =>
        openDatabase(config.path),
      )
      open = {
        db,
        partitions: createPartitionStates(db),
        alerts: createAlertRows(db),
        devices: createDeviceStore(db),
        access: createAccessRows(db),
        audit: createAuditRows(db),
        alertChanges: createAlertChanges(db),
        outbox: createOutbox(db),
        segments: createSegmentStore(db),
        series: createSeriesStates(db),
      }
      logger.info({ path: config.path }, 'state store open')
    },
    async stop() {
      await tail
      const { db } = open ?? {}
      open = null
      await db?.destroy()
    },
    partitions: {
      acquire: (partition) => onPartitions((states) => states.acquire(partition)),
      load: (partition) => onPartitions((states) => states.load(partition)),
      commit: (commit) => onPartitions((states) => states.commit(commit)),
      progress: (host) => onPartitions((states) => states.progress(host)),
    },
    alerts: {
      positions: () => onAlerts((alerts) => alerts.positions()),
      newestOf: (rowKey) => onAlerts((alerts) => alerts.newestOf(rowKey)),
      anomaliesOf: (alertId) => onAlerts((alerts) => alerts.anomaliesOf(alertId)),
      commit: (commit) => serial('ALERT_STORE_FAILED', (store) => store.alerts.commit(commit)),
      endedPartitions: (sensor, run) => onAlerts((alerts) => alerts.endedPartitions(sensor, run)),
      get: (id) => onAlerts((alerts) => alerts.get(id)),
      list: (options) => onAlerts((alerts) => alerts.list(options)),
      changedSince: (revision, limit) => onAlerts((alerts) => alerts.changedSince(revision, limit)),
      lastRevision: () => onAlerts((alerts) => alerts.lastRevision()),
    },
    alertChanges: {
      change: (change) => onChanges((changes) => changes.change(change)),
      historyOf: (alertId) => onChanges((changes) => changes.historyOf(alertId)),
      unsentCommands: (limit) => onChanges((changes) => changes.unsentCommands(limit)),
      markSent: (...given) => onChanges((changes) => changes.markSent(...given)),
      sentCommands: (limit) => onChanges((changes) => changes.sentCommands(limit)),
    },
    outbox: {
      claim: (claim) => onOutbox((outbox) => outbox.claim(claim)),
      settle: (...given) => onOutbox((outbox) => outbox.settle(...given)),
      nextDueMs: (receivers) => onOutbox((outbox) => outbox.nextDueMs(receivers)),
      giveUp: (...given) => onOutbox((outbox) => outbox.giveUp(...given)),
      purge: (finishedBeforeMs) => onOutbox((outbox) => outbox.purge(finishedBeforeMs)),
      counts: () => onOutbox((outbox) => outbox.counts()),
      dead: (limit) => onOutbox((outbox) => outbox.dead(limit)),
      ofAlert: (alertId) => onOutbox((outbox) => outbox.ofAlert(alertId)),
      resend: (...given) => onOutbox((outbox) => outbox.resend(...given)),
    },
    access: {
      users: () => onAccess((access) => access.users()),
      userNamed: (name) => onAccess((access) => access.userNamed(name)),
      addUser: (...given) => onAccess((access) => access.addUser(...given)),
      changeUser: (...given) => onAccess((access) => access.changeUser(...given)),
      putSetUpLink: (...given) => onAccess((access) => access.putSetUpLink(...given)),
      useSetUpLink: (...given) => onAccess((access) => access.useSetUpLink(...given)),
      openSession: (...given) => onAccess((access) => access.openSession(...given)),
      session: (hash) => onAccess((access) => access.session(hash)),
      sessionsAmong: (hashes) => onAccess((access) => access.sessionsAmong(hashes)),
      sessionsOf: (userId) => onAccess((access) => access.sessionsOf(userId)),
      noteActivity: (...given) => onAccess((access) => access.noteActivity(...given)),
      endSession: (...given) => onAccess((access) => access.endSession(...given)),
      endSessionsOf: (...given) => onAccess((access) => access.endSessionsOf(...given)),
      dropSessions: (limits) => onAccess((access) => access.dropSessions(limits)),
    },
    audit: {
      record: (entry) => onAudit((audit) => audit.record(entry)),
      list: (query) => onAudit((audit) => audit.list(query)),
      verify: () => onAudit((audit) => audit.verify()),
    },
    segments: {
      files: () => onSegments((segments) => segments.files()),
      commit: (change) => onSegments((segments) => segments.commit(change)),
      gaps: (fromUs, toUs) => onSegments((segments) => segments.gaps(fromUs, toUs)),
      state: () => onSegments((segments) => segments.state()),
      reserveMerge: () => onSegments((segments) => segments.reserveMerge()),
      mergeNumber: () => onSegments((segments) => segments.mergeNumber()),
    },
    series: {
      acquire: (reader, partition) => onSeries((series) => series.acquire(reader, partition)),
      knownPeers: (partition) => onSeries((series) => series.knownPeers(partition)),
      commit: (commit) => onSeries((series) => series.commit(commit)),
    },
    devices: {
      list: (query) => onDevices((devices) => devices.list(query)),
      get: (host) => onDevices((devices) => devices.get(host)),
      namesOf: (hosts) => onDevices((devices) => devices.namesOf(hosts)),
      sectionsOf: (host, names) => onDevices((devices) => devices.sectionsOf(host, names)),
      alertsOf: (host, options) => onDevices((devices) => devices.alertsOf(host, options)),
      alertsNaming: (host, options) => onDevices((devices) => devices.alertsNaming(host, options)),
      noteSensors: (rows) => onDevices((devices) => devices.noteSensors(rows)),
      sensors: () => onDevices((devices) => devices.sensors()),
    },
  }
}

/** How long the thread itself waits for another process; beyond it the call sleeps and other work goes on. */
const blockingWaitMs = 10

/** Repeats a call that found the file held by another process: it has changed nothing, for a transaction waits at its begin. */
async function untilFree<T>(waitMs: number, code: ErrorCode, call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMs
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    try {
      return await call()
    } catch (cause) {
      const error = failure(code, cause)
      if (!isWardwatchError(error) || !error.retryable || performance.now() > deadline) throw error
    }
    await setTimeout(pauseMs)
  }
}

async function openDatabase(path: string): Promise<Kysely<StateTables>> {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: blockingWaitMs })
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864',
    )
    const db = new Kysely<StateTables>({
      dialect: new SqliteDialect({ database: forKysely(database) }),
    })
    await migrate(db, { bytes: 'blob' })
    return db
  } catch (error) {
    database.close()
    throw error
  }
}

/** Statements kept prepared: the store has about twenty, times a few sizes of insert. */
const statementsMax = 100

/** What Kysely's dialect asks of a driver, on top of node:sqlite. */
function forKysely(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = statements.get(sql)
      if (known !== undefined) return known
      // Every transaction here writes. A deferred one that reads first is refused, without waiting, when another
      // process has written meanwhile (SQLITE_BUSY_SNAPSHOT); an immediate one waits for its turn.
      const statement = toKysely(database.prepare(sql === 'begin' ? 'begin immediate' : sql))
      if (statements.size >= statementsMax) statements.delete(statements.keys().next().value!)
      statements.set(sql, statement)
      return statement
    },
  }
}

function toKysely(statement: StatementSync): SqliteStatement {
  // Kysely binds what our own queries hold: numbers, strings, bytes and nulls.
  const bind = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bind(parameters)),
    run: (parameters) => statement.run(...bind(parameters)),
    iterate: (parameters) => statement.iterate(...bind(parameters)),
  }
}

// Primary result codes, https://www.sqlite.org/rescode.html
const sqliteBusy = 5
const sqliteLocked = 6
const sqliteNotADatabase = 26

function failure(code: ErrorCode, cause: unknown): unknown {
  if (isWardwatchError(cause)) return cause
  const primary =
    cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number'
      ? cause.errcode & 0xff
      : null
  if (primary === null && !(cause instanceof Error && 'code' in cause)) return cause
  if (primary === sqliteNotADatabase) {
    return new WardwatchError(
      'STATE_INCOMPATIBLE',
      'the file is not an SQLite database: name another data folder',
      { cause },
    )
  }
  const text = cause instanceof Error ? cause.message : 'unknown'
  return new WardwatchError(code, `SQLite: ${text}`, {
    cause,
    retryable: primary === sqliteBusy || primary === sqliteLocked,
  })
}
