import type { AuditEntry } from '../store/audit-store.ts'
import type { Call, Caller } from './http/route.ts'

/**
 * The audit entry of what a caller does in a route. Write it in the transaction of the change (`appendAudit` of
 * store/sql-audit.ts), or with `states.audit.record` before what was looked up is answered, so that nothing is seen or
 * changed that is not on record.
 */
export function auditOf(
  caller: Caller,
  call: Pick<Call, 'from'>,
  what: Pick<AuditEntry, 'atMs' | 'action' | 'object'> & Partial<Pick<AuditEntry, 'details'>>,
): AuditEntry {
  return { by: caller.name, from: call.from, details: {}, ...what }
}
