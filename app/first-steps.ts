import { createHash } from 'node:crypto'
import type { Dashboard } from '../dashboard/server.ts'
import type { Logger } from '../records/service.ts'
import type { AuditStore } from '../store/audit-store.ts'
import type { Config } from './config.ts'

/**
 * While there is no administrator, prints the link that makes the first, and a new one when it has run out; on the
 * terminal, never in the log.
 */
export async function printSetUpLink(
  dashboard: Pick<Dashboard, 'setUpLink'>,
  config: Config,
  logger: Logger,
): Promise<void> {
  const link = await dashboard.setUpLink()
  if (link === null) return
  const minutes = config.dashboard.setUpLinkMinutes
  process.stderr.write(
    `wardwatch: nobody can log in yet. Within ${minutes} minutes, open this link once to make the first administrator:\n\n    ${link}\n\n`,
  )
  const again = () => {
    printSetUpLink(dashboard, config, logger).catch((err: unknown) => {
      logger.error({ err }, 'no new set-up link')
    })
  }
  setTimeout(again, Math.min(minutes * 60_000, timerMsMax)).unref()
}

/** Longest wait of a Node timer. */
const timerMsMax = 2 ** 31 - 1

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
