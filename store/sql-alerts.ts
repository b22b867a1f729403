import type { Kysely, Selectable, Transaction } from 'kysely'
import { z } from 'zod'
import { alertStatuses } from '../records/alert.ts'
import { anomalySchema } from '../records/anomaly.ts'
import { WardwatchError } from '../records/errors.ts'
import { handlingFrom, handlingJson, writeHistory } from './sql-handling.ts'
import { writeObligations } from './sql-obligations.ts'
import { takeNumbers } from './sql-sequence.ts'
import type { StateTables } from './sql.ts'
import type { AlertRow, AlertRows, FoldCommit, FoldMove } from './state-store.ts'

type Database = Kysely<StateTables>
type Tx = Transaction<StateTables>

/** Queries of alert rows, in what SQL databases have in common; errors of the database pass through. */
export function createAlertRows(db: Database): AlertRows {
  return {
    positions: () => db.selectFrom('fold_position').selectAll().orderBy('partition').execute(),
    async newestOf(rowKey) {
      const row = await db
        .selectFrom('alert_row')
        .selectAll()
        .where('row_key', '=', rowKey)
        .orderBy('first_seen_us', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined ? null : alertOf(row)
    },
    async anomaliesOf(alertId) {
      const rows = await db
        .selectFrom('alert_anomaly')
        .select('anomaly_json')
        .where('alert_id', '=', alertId)
        .orderBy('oldest_us')
        .orderBy('id')
        .execute()
      return rows.map((row) => read(anomalySchema, row.anomaly_json, 'alert_anomaly'))
    },
    commit: (commit) => db.transaction().execute((tx) => commitFold(tx, commit)),
    async endedPartitions(sensor, run) {
      const row = await db
        .selectFrom('fold_ended')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('sensor', '=', sensor)
        .where('run', '=', run)
        .executeTakeFirstOrThrow()
      return row.count
    },
    async get(id) {
      const row = await db
        .selectFrom('alert_row')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : alertOf(row)
    },
    async list({ limit, scoreMin }) {
      const rows = await db
        .selectFrom('alert_row')
        .selectAll()
        .where('score', '>=', scoreMin)
        .orderBy('last_seen_us', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(alertOf)
    },
    async changedSince(revision, limit) {
      const rows = await db
        .selectFrom('alert_row')
        .selectAll()
        .where('revision', '>', revision)
        .orderBy('revision')
        .limit(limit)
        .execute()
      return rows.map(alertOf)
    },
    lastRevision: () => lastRevision(db),
  }
}

async function commitFold(tx: Tx, commit: FoldCommit): Promise<number> {
  const { anomalies, rows, moves, ended, restsOn = [], history = [], obligations = [] } = commit
  // The counter first: its row lock makes the order of revisions the order in which readers see them.
  const last = await takeNumbers(tx, 'alert_row', rows.length)
  for (const one of moves) await move(tx, one)
  await checkUnchanged(tx, restsOn)
  for (const [index, row] of rows.entries())
    await upsertAlert(tx, row, last - rows.length + 1 + index)
  for (const { alertId, anomaly } of anomalies) {
    const values = {
      alert_id: alertId,
      oldest_us: anomaly.oldestUs,
      anomaly_json: JSON.stringify(anomaly),
    }
    await tx
      .insertInto('alert_anomaly')
      .values({ id: anomaly.id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute()
  }
  for (const { alertId, entry } of history) {
    const revision = last - rows.length + 1 + rows.findIndex((row) => row.id === alertId)
    await writeHistory(tx, alertId, { ...entry, revision })
  }
  await writeObligations(tx, obligations)
  for (const { sensor, run, partition } of ended) {
    await tx
      .insertInto('fold_ended')
      .values({ sensor, run, partition })
      .onConflict((conflict) => conflict.columns(['sensor', 'run', 'partition']).doNothing())
      .execute()
  }
  return last
}

/** Rows looked up at a time: SQLite takes 32,766 parameters. */
const lookedUpMax = 1000

/** People change rows too: what was worked out from an older state of one must not be written over it. */
async function checkUnchanged(tx: Tx, restsOn: NonNullable<FoldCommit['restsOn']>): Promise<void> {
  for (let from = 0; from < restsOn.length; from += lookedUpMax) {
    const known = new Map(restsOn.slice(from, from + lookedUpMax).map((r) => [r.id, r.revision]))
    const rows = await tx
      .selectFrom('alert_row')
      .select(['id', 'revision'])
      .where('id', 'in', [...known.keys()])
      .execute()
    const changed = rows.find(({ id, revision }) => known.get(id) !== revision)
    if (changed === undefined) continue
    throw new WardwatchError(
      'ALERT_CHANGED',
      `alert ${changed.id} was changed while anomalies were folded into it`,
      { fields: { alertId: changed.id, revision: changed.revision } },
    )
  }
}

/** Compare-and-set: who folds must stand where the store stands, or has read rows that are no longer the newest. */
async function move(tx: Tx, { from, to }: FoldMove): Promise<void> {
  const { partition, offset, index } = to
  const changed =
    from === null
      ? await tx
          .insertInto('fold_position')
          .values({ partition, offset, index })
          .onConflict((conflict) => conflict.column('partition').doNothing())
          .executeTakeFirst()
          .then((result) => result.numInsertedOrUpdatedRows)
      : await tx
          .updateTable('fold_position')
          .set({ offset, index })
          .where('partition', '=', partition)
          .where('offset', '=', from.offset)
          .where('index', '=', from.index)
          .executeTakeFirst()
          .then((result) => result.numUpdatedRows)
  if (changed === 1n) return
  throw new WardwatchError(
    'PARTITION_LOST',
    `another process has folded partition ${partition} of the observations`,
    { fields: { partition, from, to } },
  )
}

async function upsertAlert(
  tx: Tx,
  row: FoldCommit['rows'][number],
  revision: number,
): Promise<void> {
  const values = {
    row_key: row.rowKey,
    revision,
    status: row.status,
    first_seen_us: row.firstSeenUs,
    last_seen_us: row.lastSeenUs,
    count: row.count,
    leading_json: JSON.stringify(row.leading),
    peers_json: JSON.stringify(row.peers),
    previous_id: row.previousId,
    score: row.leading.score,
    view_key: row.leading.viewKey,
    handling_json: handlingJson(row.handling ?? null),
  }
  await tx
    .insertInto('alert_row')
    .values({ id: row.id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

async function lastRevision(db: Database): Promise<number> {
  const row = await db
    .selectFrom('revision_counter')
    .select('value')
    .where('name', '=', 'alert_row')
    .executeTakeFirstOrThrow()
  return row.value
}

const statusSchema = z.enum(alertStatuses)

/** A row as the store's interface tells it. */
export function alertOf(row: Selectable<StateTables['alert_row']>): AlertRow {
  const status = statusSchema.safeParse(row.status)
  if (!status.success) throw incompatible('alert_row', status.error)
  return {
    id: row.id,
    rowKey: row.row_key,
    revision: row.revision,
    status: status.data,
    firstSeenUs: row.first_seen_us,
    lastSeenUs: row.last_seen_us,
    count: row.count,
    leading: read(anomalySchema, row.leading_json, 'alert_row'),
    peers: read(anomalySchema.shape.peers, row.peers_json, 'alert_row'),
    previousId: row.previous_id,
    ...handlingOf(row.handling_json),
  }
}

function handlingOf(json: string | null): Pick<AlertRow, 'handling'> {
  try {
    const handling = handlingFrom(json)
    return handling === null ? {} : { handling }
  } catch (cause) {
    throw incompatible('alert_row', cause)
  }
}

/** @throws WardwatchError STATE_INCOMPATIBLE: somebody else has written into our tables. */
function read<T>(schema: z.ZodType<T>, json: string, table: string): T {
  try {
    return schema.parse(JSON.parse(json))
  } catch (cause) {
    throw incompatible(table, cause)
  }
}

function incompatible(table: string, cause: unknown): WardwatchError {
  return new WardwatchError(
    'STATE_INCOMPATIBLE',
    `a row of ${table} is not as this program writes it: restore the back-up`,
    { cause },
  )
}
