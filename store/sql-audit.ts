import type { Kysely, Selectable, Transaction } from 'kysely'
import { z } from 'zod'
import { contentOf, firstHash, hashOf } from './audit-chain.ts'
import type { AuditEntry, AuditRow, AuditStore, AuditVerdict } from './audit-store.ts'
import type { AuditTable } from './sql-audit-tables.ts'
import type { StateTables } from './sql.ts'

/** Rows read at a time by `verify`. */
const pageRows = 1000

/** Queries of the audit log; errors of the database pass through. */
export function createAuditRows(db: Kysely<StateTables>): AuditStore {
  return {
    record: (entry) => db.transaction().execute((tx) => appendAudit(tx, entry)),
    async list({ limit, before, action }) {
      let query = db.selectFrom('audit_log').selectAll().orderBy('sequence', 'desc').limit(limit)
      if (before !== undefined) query = query.where('sequence', '<', before)
      if (action !== undefined) query = query.where('action', '=', action)
      return (await query.execute()).map(rowOf)
    },
    verify: () => verify(db),
  }
}

/**
 * Adds an entry to the log within a transaction that is open: what was done and the entry are kept together, or neither.
 * Call it last: the head's row stays locked until the transaction ends.
 */
export async function appendAudit(tx: Transaction<StateTables>, entry: AuditEntry): Promise<void> {
  // Raising the number takes the lock; whoever comes second then reads the first one's hash.
  const head = await tx
    .insertInto('audit_head')
    .values({ name: 'audit', sequence: 1, hash: firstHash })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({
        sequence: eb('audit_head.sequence', '+', 1),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  const content = contentOf(entry, { sequence: head.sequence, previousHash: head.hash })
  const hash = hashOf(content)
  await tx
    .insertInto('audit_log')
    .values({
      sequence: content.sequence,
      at_ms: content.atMs,
      by: content.by,
      from: content.from,
      action: content.action,
      object: content.object,
      details_json: content.detailsJson,
      previous_hash: content.previousHash,
      hash,
    })
    .execute()
  await tx.updateTable('audit_head').set({ hash }).where('name', '=', 'audit').execute()
}

async function verify(db: Kysely<StateTables>): Promise<AuditVerdict> {
  let count = 0
  let lastHash = firstHash
  const faultAt = (sequence: number, reason: string) => ({
    count,
    lastHash,
    fault: { sequence, reason },
  })
  for (;;) {
    const rows = await db
      .selectFrom('audit_log')
      .selectAll()
      .where('sequence', '>', count)
      .orderBy('sequence')
      .limit(pageRows)
      .execute()
    for (const row of rows) {
      if (row.sequence !== count + 1) return faultAt(count + 1, 'is missing')
      if (row.previous_hash !== lastHash)
        return faultAt(row.sequence, 'does not follow its predecessor')
      if (row.hash !== hashOf(contentFrom(row))) return faultAt(row.sequence, 'was changed')
      count = row.sequence
      lastHash = row.hash
    }
    if (rows.length < pageRows) break
  }
  const head = await db.selectFrom('audit_head').selectAll().executeTakeFirst()
  if ((head?.sequence ?? 0) > count) return faultAt(count + 1, 'is missing')
  if ((head?.hash ?? firstHash) !== lastHash) return faultAt(count, 'is not what the head names')
  return { count, lastHash, fault: null }
}

function contentFrom(row: Selectable<AuditTable>) {
  return {
    sequence: row.sequence,
    previousHash: row.previous_hash,
    atMs: row.at_ms,
    by: row.by,
    from: row.from,
    action: row.action,
    object: row.object,
    detailsJson: row.details_json,
  }
}

const detailsSchema = z.record(z.string(), z.unknown())

/** A row that somebody has changed is shown as far as it can be read; `verify` names it. */
function rowOf(row: Selectable<AuditTable>): AuditRow {
  const { detailsJson, ...content } = contentFrom(row)
  return { ...content, details: detailsOf(detailsJson), hash: row.hash }
}

function detailsOf(json: string): Record<string, unknown> {
  try {
    return detailsSchema.parse(JSON.parse(json))
  } catch {
    // Not an error of ours: the log must stay readable around a row that was tampered with.
    return { unreadable: json }
  }
}
