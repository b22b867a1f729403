import { userInfo } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import type { Notification } from '../../alerts/notifier.ts'
import { notificationOf } from '../../alerts/delivery.ts'
import type { Alert } from '../../records/alert.ts'
import { WardwatchError } from '../../records/errors.ts'
import { formatTime } from '../../records/time.ts'
import type { OutboxRow } from '../../store/outbox-store.ts'
import type { Config } from '../config.ts'
import { printable, writeLine } from '../output.ts'
import { alertUrls, createReceivers } from '../receivers.ts'
import { configFrom, configOption, jsonOption } from './options.ts'
import { withStates } from './with-states.ts'

/** Dead letters shown at a time. */
const shownMax = 1000

export function notifyCommand(): Command {
  return new Command('notify')
    .description('Tries receivers, and shows what could not be delivered.')
    .addCommand(testCommand().exitOverride().showHelpAfterError('(--help tells what goes)'))
    .addCommand(deadCommand().exitOverride().showHelpAfterError('(--help tells what goes)'))
}

function testCommand(): Command {
  return new Command('test')
    .description('Tells a receiver of an alert that is none, and then that it is over.')
    .argument('<receiver>', 'its name in the configuration')
    .addOption(configOption())
    .action((name: string, options: { config?: string }) => test(name, configFrom(options.config)))
}

/** A page and its resolve, so that nothing stays open. Straight to the receiver: the outbox knows nothing of it. */
async function test(name: string, config: Config): Promise<void> {
  const configs = config.alerts.receivers.filter((receiver) => receiver.name === name)
  const [receiver] = createReceivers(configs, { now: Date.now })
  if (receiver === undefined) throw unknownReceiver(name, config)
  const { notifier, timeoutMs } = receiver
  const url = alertUrls(config, () => null)('test')
  for (const notification of testNotifications(Date.now(), url)) {
    const outcome = await notifier.send(notification, AbortSignal.timeout(timeoutMs))
    const reason = outcome.result === 'delivered' ? '' : `: ${outcome.reason}`
    await writeLine(`${name}: ${notification.kind} ${outcome.result}${reason}`)
    if (outcome.result === 'delivered') continue
    throw new WardwatchError(
      'NOTIFICATION_FAILED',
      `${name} has not taken the test (${outcome.reason}); docs/notifications.md tells what each answer means`,
      { retryable: outcome.result === 'retry' },
    )
  }
}

function unknownReceiver(name: string, { alerts }: Config): WardwatchError {
  const names = alerts.receivers.map((receiver) => receiver.name).join(', ')
  return new WardwatchError(
    'BAD_USAGE',
    `there is no receiver ${printable(name)}; alerts.receivers has ${names === '' ? 'none' : names}`,
  )
}

function testNotifications(nowMs: number, url: string): Notification[] {
  const alert: Alert = {
    id: 'test',
    behaviour: 'sensor-fault',
    severity: 'low',
    score: 0.3,
    site: 'test',
    device: { id: 'test', name: 'Wardwatch', addresses: [], mac: null, vendor: null },
    peers: [],
    firstSeen: formatTime(nowMs * 1000),
    lastSeen: formatTime(nowMs * 1000),
    count: 1,
    summary: 'This is a test of Wardwatch: nothing has happened.',
    why: {},
    attack: [],
    status: 'new',
  }
  const common = {
    cause: 'test',
    by: null,
    url,
    createdMs: nowMs,
    dedupKey: `test-${nowMs}`,
  } as const
  return [
    { ...common, kind: 'trigger', key: `test-${nowMs}-trigger`, alert },
    {
      ...common,
      kind: 'resolve',
      key: `test-${nowMs}-resolve`,
      alert: { ...alert, status: 'closed' },
    },
  ]
}

interface DeadOptions {
  readonly config?: string
  readonly data?: string
  readonly json?: true
  readonly resend?: number[]
  readonly all?: true
}

function deadCommand(): Command {
  const sequenceFrom = (text: string, earlier: number[] = []) => {
    if (/^\d{1,15}$/.test(text)) return [...earlier, Number(text)]
    throw new InvalidArgumentError('the number that `notify dead` shows')
  }
  return new Command('dead')
    .description('Notifications that were given up, newest first; the service may be running.')
    .addOption(configOption())
    .option('--data <dir>', 'folder of everything that is kept')
    .addOption(jsonOption('one JSON object a line'))
    .option('--resend <number>', 'owe this one again; may be repeated', sequenceFrom)
    .option('--all', 'owe all of them again')
    .action(dead)
}

async function dead(options: DeadOptions): Promise<void> {
  await withStates(options, async ({ outbox, audit }, config) => {
    const chosen = options.all === true ? 'all' : options.resend
    if (chosen !== undefined) {
      const count = await outbox.resend(chosen, Date.now())
      await audit.record({
        atMs: Date.now(),
        by: `cli:${userInfo().username}`,
        from: 'local',
        action: 'notification.resend',
        object: chosen === 'all' ? 'all' : chosen.join(' '),
        details: { count },
      })
      return writeLine(`${count} owed again`)
    }
    const urlOf = alertUrls(config, () => null)
    for (const row of await outbox.dead(shownMax)) {
      await writeLine(options.json === true ? jsonLine(row, urlOf(row.alertId)) : line(row))
    }
  })
}

function line({ sequence, receiver, kind, severity, reason, attempts, ...row }: OutboxRow): string {
  const when = formatTime(row.createdMs * 1000)
  const what = printable(row.alert.summary)
  return `${sequence}  ${when}  ${receiver}  ${kind} ${severity}  ${reason ?? 'no reason'} after ${attempts} attempts  ${what}`
}

function jsonLine(row: OutboxRow, url: string): string {
  const { sequence, receiver, severity, reason, attempts } = row
  const { kind, cause, alert, by, createdMs } = notificationOf(row, url)
  const owedAt = formatTime(createdMs * 1000)
  return JSON.stringify({
    number: sequence,
    owedAt,
    receiver,
    kind,
    cause,
    severity,
    reason,
    attempts,
    by,
    url,
    alert,
  })
}
