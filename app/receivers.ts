import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createPagerDuty } from '../alerts/adapters/pagerduty.ts'
import { createSmtp } from '../alerts/adapters/smtp.ts'
import { createWebhook } from '../alerts/adapters/webhook.ts'
import type { Receiver } from '../alerts/delivery.ts'
import type { Notifier } from '../alerts/notifier.ts'
import type { ReceiverConfig, Secret } from '../alerts/receiver-config.ts'
import { dashboardUrl } from '../dashboard/config.ts'
import { WardwatchError } from '../records/errors.ts'
import type { Config } from './config.ts'

/**
 * The receivers of the configuration, with their secrets read.
 * @throws WardwatchError CONFIG_INVALID when a secret is not where it should be; it says where, never what.
 */
export function createReceivers(
  configs: readonly ReceiverConfig[],
  deps: { readonly now: () => number },
): Receiver[] {
  return configs.map((config) => ({
    name: config.name,
    notifier: createNotifier(config, deps),
    workersMax: config.workersMax,
    timeoutMs: config.timeoutSeconds * 1000,
  }))
}

function createNotifier(config: ReceiverConfig, deps: { readonly now: () => number }): Notifier {
  const { name } = config
  switch (config.kind) {
    case 'webhook':
      return createWebhook({ ...config, secret: secretOf(name, config.secret) }, deps)
    case 'pagerduty':
      return createPagerDuty({ ...config, routingKey: secretOf(name, config.routingKey) }, deps)
    case 'smtp':
      return createSmtp({
        ...config,
        password: config.password === null ? null : secretOf(name, config.password),
      })
  }
}

function secretOf(receiver: string, secret: Secret): string {
  if (typeof secret === 'string') return secret
  const value = 'env' in secret ? process.env[secret.env] : contentOf(secret.file)
  const text = value?.trim() ?? ''
  if (text !== '') return text
  const where = 'env' in secret ? `environment variable ${secret.env}` : `file ${secret.file}`
  throw new WardwatchError(
    'CONFIG_INVALID',
    `alerts.receivers: the secret of ${receiver} is missing: set the ${where}`,
  )
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Whatever kept it from being read, the remedy is the same, and the message of the caller names the file.
    return undefined
  }
}

/** Where a person looks at an alert: the public address, else the one the page listens at. */
export function alertUrls({ dashboard }: Config, listeningUrl: () => string | null) {
  return (alertId: string): string => {
    const base = listeningUrl() ?? dashboardUrl(dashboard, dashboard.port)
    return `${base}/#/alerts/${alertId}`
  }
}

/** Names one life of this process. */
export function newOwner(): string {
  return randomUUID()
}
