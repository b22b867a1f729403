import { createHash } from 'node:crypto'
import type { Dashboard } from '../dashboard/server.ts'
import type { AuditStore } from '../store/audit-store.ts'
import type { Config } from './config.ts'

/** While there is no administrator, prints the link that makes the first; on the terminal, never in the log. */
export async function printSetUpLink(dashboard: Dashboard, config: Config): Promise<void> {
  const link = await dashboard.setUpLink()
  if (link === null) return
  const minutes = config.dashboard.setUpLinkMinutes
  process.stderr.write(
    `wardwatch: nobody can log in yet. Within ${minutes} minutes, open this link once to make the first administrator:\n\n    ${link}\n\n`,
  )
}

/**
 * Puts a changed configuration on record: its SHA-256, and the one before. Values are left out, for some are secret.
 * @param nowMs wall clock
 */
export async function recordConfiguration(
  audit: Pick<AuditStore, 'list' | 'record'>,
  config: Config,
  nowMs: number,
): Promise<void> {
  // The run is named anew at each start and says nothing of what was configured.
  const { ingest, ...rest } = config
  const text = JSON.stringify({ ...rest, ingest: { ...ingest, run: null } })
  const sha256 = createHash('sha256').update(text).digest('hex')
  const [last] = await audit.list({ limit: 1, action: 'configuration.change' })
  const before = last?.details['sha256'] ?? null
  if (before === sha256) return
  await audit.record({
    atMs: nowMs,
    by: 'wardwatch',
    from: 'local',
    action: 'configuration.change',
    object: 'configuration',
    details: { sha256, before },
  })
}
