import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { createAlertActions } from '../../alerts/action-service.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { presentAlert } from '../../alerts/present.ts'
import { createAlerts } from '../../alerts/service.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { BrowserContext } from 'playwright-core'
import { createArgon2Passwords } from '../../dashboard/adapters/argon2.ts'
import type { SensorStatus } from '../../dashboard/api.ts'
import { dashboardConfigSchema } from '../../dashboard/config.ts'
import type { DashboardServices } from '../../dashboard/routes/index.ts'
import { createDashboard } from '../../dashboard/server.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { encodeAnomalyMessage } from '../../records/codec.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import { addUser, logIn, tester } from './accounts.ts'
import { testKnowledge } from './knowledge.ts'
import { createQuietLogger } from './quiet-logger.ts'

const root = join(import.meta.dirname, '../..')

/** Builds the page into a folder of its own, whatever stands in dist/. */
export async function buildPage(outDir: string): Promise<string> {
  await build({
    configFile: join(root, 'vite.config.ts'),
    root: join(root, 'dashboard/web'),
    build: { outDir, emptyOutDir: true },
    logLevel: 'error',
  })
  return outDir
}

/**
 * From the anomalies topic to the browser in one process: memory bus, SQLite, alert stage, dashboard.
 * `publish` sends anomalies as the engine does; `restartDashboard` cuts every connection and listens on the same port.
 */
export async function startWard(
  options: {
    readonly sensors?: () => SensorStatus[]
    readonly services?: Omit<DashboardServices, 'actions'>
    /** Nobody has used the set-up link yet. */
    readonly hasNoUsers?: boolean
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'ward-'))
  const webRoot = await buildPage(join(folder, 'web'))
  const logger = createQuietLogger()
  const failures: unknown[] = []
  const bus = createMemoryBus(memoryBusConfigSchema.parse({}))
  const states = createSqliteStore(
    sqliteStoreConfigSchema.parse({ path: join(folder, 'state.db') }),
    { logger },
  )
  const alerts = createAlerts(alertsConfigSchema.parse({}), {
    bus,
    states,
    logger,
    now: () => Date.now(),
    failed: (error) => failures.push(error),
  })
  const { access, audit } = states
  const accounts = { access, audit, passwords: createArgon2Passwords() }
  const present = (row: Parameters<typeof presentAlert>[0]) => presentAlert(row, vendorOf)
  const now = () => Date.now()
  const actions = createAlertActions({ bus, states, receivers: [], present, logger, now })
  const dashboardAt = (port: number) =>
    createDashboard(dashboardConfigSchema.parse({ port }), {
      bus,
      states,
      logger,
      now: () => Date.now(),
      webRoot,
      present,
      knowledge: testKnowledge(),
      accounts,
      services: { ...options.services, actions },
      ...(options.sensors === undefined ? {} : { sensors: options.sensors }),
    })
  let dashboard = dashboardAt(0)
  let offset = 0
  await states.start()
  await bus.start()
  await alerts.start()
  await dashboard.start()
  if (options.hasNoUsers !== true) await addUser(accounts, tester.name, 'admin')
  let forgottenReports = 0
  return {
    logger,
    accounts,
    /** Logs a browser in through the API, as its own log-in page does. */
    signIn: async (context: BrowserContext, who = tester) => {
      const { cookie } = await logIn(dashboard.url(), who)
      const [name, value] = cookie.split('=') as [string, string]
      const flags = { httpOnly: true, secure: true, sameSite: 'Strict' } as const
      await context.addCookies([
        { name, value, url: dashboard.url().replace('http', 'https'), ...flags },
      ])
    },
    setUpLink: () => dashboard.setUpLink(),
    policyReports: () => dashboard.policyReports() - forgottenReports,
    forgetPolicyReports: () => (forgottenReports = dashboard.policyReports()),
    failures,
    states,
    url: () => dashboard.url(),
    clientCount: () => dashboard.clientCount(),
    publish: (anomalies: readonly Anomaly[]) =>
      bus.publish(
        anomalies.map((anomaly) => {
          const position = { partition: 0, offset: offset++, index: 0 }
          const value = encodeAnomalyMessage({ kind: 'anomaly', anomaly: { ...anomaly, position } })
          return { topic: 'anomalies' as const, partition: 0, value }
        }),
      ),
    stopDashboard: () => dashboard.stop(),
    restartDashboard: async () => {
      const { port } = new URL(dashboard.url())
      await dashboard.stop()
      dashboard = dashboardAt(Number(port))
      await dashboard.start()
    },
    stop: async () => {
      await dashboard.stop()
      await alerts.stop()
      await bus.stop()
      await states.stop()
      await rm(folder, { recursive: true })
    },
  }
}

function vendorOf(mac: string): string | null {
  return mac.startsWith('00:1b:21') ? 'Intel Corporate' : null
}
