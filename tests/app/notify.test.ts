import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { checkCommand } from '../../app/commands/check.ts'
import { notifyCommand } from '../../app/commands/notify.ts'
import { parseConfig } from '../../app/config.ts'
import { createReceivers } from '../../app/receivers.ts'
import { createLogger } from '../../app/logger.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { openHttpReceiver } from '../support/http-receiver.ts'
import { temporaryFolder } from '../support/long-capture.ts'
import { obligation } from '../support/obligations.ts'
import { silentLogger } from '../support/silent-logger.ts'

const folder = temporaryFolder()
const secrets = {
  webhook: `whsec_${Buffer.alloc(32, 'never tell').toString('base64')}`,
  routingKey: 'e93facc04764012d7bfb002500d5d1a6',
  password: 'correct horse battery staple',
}
let receiver: Awaited<ReturnType<typeof openHttpReceiver>>

const file = join(folder.path, 'wardwatch.yaml')
const data = join(folder.path, 'data')
const config = ['--config', file]

beforeAll(async () => {
  process.env['WARDWATCH_TEST_KEY'] = secrets.routingKey
  receiver = await openHttpReceiver()
  writeFileSync(join(folder.path, 'password'), `${secrets.password}\n`)
  const text = `alerts:
  receivers:
    - kind: webhook
      name: soar
      url: ${receiver.url}
      secret: ${secrets.webhook}
      route: { severityMin: high, behaviours: [port-scan], groupWaitSeconds: 0 }
    - kind: pagerduty
      name: on-call
      routingKey: { env: WARDWATCH_TEST_KEY }
      url: ${receiver.url}
    - kind: smtp
      name: mail
      host: 127.0.0.1
      port: 1
      user: wardwatch
      password: { file: ${join(folder.path, 'password')} }
      from: a@hospital.example
      to: [b@hospital.example]
`
  writeFileSync(file, text)
  writeFileSync(
    join(folder.path, 'broken.yaml'),
    `alerts:\n  receivers:\n    - secret: ${secrets.webhook}: x: y\n`,
  )
})
afterAll(async () => {
  delete process.env['WARDWATCH_TEST_KEY']
  await receiver.close()
  folder.remove()
})
afterEach(() => receiver.behave({ does: 'take' }))

/** The command, run in this process; whatever it says, it tells no secret. */
async function wardwatch(...args: readonly string[]) {
  let stdout = ''
  let error: unknown = null
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  const program = new Command().addCommand(notifyCommand()).addCommand(checkCommand())
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (thrown) {
    error = thrown
  } finally {
    write.mockRestore()
  }
  const [code, message] = isWardwatchError(error) ? [error.code, error.message] : [error, '']
  for (const secret of Object.values(secrets)) {
    expect(stdout + message).not.toContain(secret)
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
  }
  return { code, message, stdout }
}

describe('notify test', () => {
  test('tells the receiver of something, and that it is over', async () => {
    expect(await wardwatch('notify', 'test', 'soar', ...config)).toMatchObject({
      code: null,
      stdout: 'soar: trigger delivered\nsoar: resolve delivered\n',
    })
    expect(receiver.taken.map(({ body }) => JSON.parse(body) as { type: string })).toMatchObject([
      { type: 'alert.trigger' },
      { type: 'alert.resolve' },
    ])
  })

  test.each([
    { name: 'is refused', args: ['on-call'], says: 'HTTP 400', code: 'NOTIFICATION_FAILED' },
    { name: 'reaches nobody', args: ['mail'], says: 'ESOCKET', code: 'NOTIFICATION_FAILED' },
    {
      name: 'names nobody',
      args: ['pager'],
      says: 'alerts.receivers has soar, on-call',
      code: 'BAD_USAGE',
    },
  ])('fails, says why and tells no secret when it $name', async ({ args, says, code }) => {
    receiver.behave({ does: 'refuse' })
    const outcome = await wardwatch('notify', 'test', ...args, ...config)
    expect(outcome.code).toBe(code)
    expect(outcome.message).toContain(says)
  })
})

test('notify dead lists what was given up, and owes it again, on record', async () => {
  const store = createSqliteStore(
    { kind: 'sqlite', path: join(data, 'state.sqlite'), busyTimeoutMs: 5_000 },
    { logger: silentLogger },
  )
  await store.start()
  const owe = { anomalies: [], rows: [], moves: [], ended: [] }
  await store.alerts.commit({ ...owe, obligations: [obligation({}), obligation({ alertId: 'b' })] })
  expect(await store.outbox.giveUp(5_000, 6_000, 'HTTP 400')).toBe(2)
  const listed = await wardwatch('notify', 'dead', ...config, '--data', data)
  expect(listed.stdout.trim().split('\n')).toHaveLength(2)
  expect(listed.stdout).toContain('HTTP 400 after 0 attempts')
  expect(
    (await wardwatch('notify', 'dead', ...config, '--data', data, '--resend', '1')).stdout,
  ).toBe('1 owed again\n')
  const { stdout } = await wardwatch('notify', 'dead', ...config, '--data', data, '--json')
  expect(JSON.parse(stdout)).toMatchObject({ number: 2, receiver: 'on-call', alert: { id: 'b' } })
  expect(await store.outbox.ofAlert('a1b2')).toMatchObject([{ state: 'pending' }])
  expect(await store.audit.list({ limit: 5, action: 'notification.resend' })).toMatchObject([
    { object: '1', details: { count: 1 } },
  ])
  await store.stop()
})

describe('a secret', () => {
  test('is in no dump of the configuration, and in no fault of it', async () => {
    const dump = await wardwatch('check', '--dump', ...config)
    expect(dump.code).toBeNull()
    expect(dump.stdout).toContain('secret: "[redacted]"')
    expect(dump.stdout).toContain('env: WARDWATCH_TEST_KEY')
    const broken = await wardwatch('check', '--config', join(folder.path, 'broken.yaml'))
    expect(broken.code).toBe('CONFIG_INVALID')
    expect(broken.message).toContain('broken.yaml:3')
  })

  test('is in no log line, whoever passes the configuration', () => {
    const lines: string[] = []
    const logger = createLogger('info', { write: (line) => void lines.push(line) })
    const receivers = [
      { kind: 'webhook', name: 'a', url: 'http://x.example', secret: secrets.webhook },
      { kind: 'pagerduty', name: 'b', routingKey: secrets.routingKey },
    ] as const
    const config = parseConfig({ alerts: { receivers: [...receivers] } })
    logger.info({ config }, 'configuration')
    for (const receiver of config.alerts.receivers) logger.info({ receiver }, 'receiver')
    logger.info({ ...config.alerts.receivers[1] }, 'receiver')
    for (const secret of Object.values(secrets)) expect(lines.join('')).not.toContain(secret)
    expect(lines).toHaveLength(4)
  })

  test.each([
    { name: 'variable', secret: { env: 'WARDWATCH_NO_SUCH_VARIABLE' } },
    { name: 'file', secret: { file: '/no/such/file' } },
  ])('that is missing from its $name is a fault of the configuration', ({ secret }) => {
    const { alerts } = parseConfig({
      alerts: { receivers: [{ kind: 'pagerduty', name: 'b', routingKey: secret }] },
    })
    expect(() => createReceivers(alerts.receivers, { now: () => 0 })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(Object.values(secret)[0]!) as string,
      }),
    )
  })
})

test.each([
  { name: 'two receivers of one name', receivers: [{ name: 'a' }, { name: 'a' }] },
  { name: 'a name that is no name', receivers: [{ name: 'A b' }] },
  { name: 'a password in the address', receivers: [{ url: 'https://user:pass@x.example' }] },
  { name: 'no address', receivers: [{ url: 'ftp://x.example' }] },
  { name: 'an unknown behaviour', receivers: [{ route: { behaviours: ['sneezing'] } }] },
])('the configuration is refused with $name', ({ receivers }) => {
  const whole = receivers.map((receiver) => ({
    kind: 'webhook' as const,
    name: 'a',
    url: 'https://x.example',
    secret: 'whsec_x',
    ...receiver,
  }))
  const config = { alerts: { receivers: whole } } as Parameters<typeof parseConfig>[0]
  expect(() => parseConfig(config)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
