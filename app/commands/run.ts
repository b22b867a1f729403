import { Command, InvalidArgumentError, Option } from 'commander'
import { WardwatchError } from '../../records/errors.ts'
import { type Config, type Role, roles } from '../config.ts'
import { runUntilSignal } from '../lifecycle.ts'
import { createLogger } from '../logger.ts'
import { type InputPlan, recordingsFor } from '../recordings.ts'
import { sampleConfig } from '../sample.ts'
import { createWardwatch } from '../wire.ts'
import { configFrom, configOption } from './options.ts'

interface Options {
  config?: string
  role: Role[]
  port?: number
  data?: string
}

export function runCommand(): Command {
  const roleOption = new Option(
    '--role <role>',
    'what this process does; may be repeated (default: all)',
  )
    .choices(roles)
    .argParser((role, earlier: Role[] | undefined) => [...(earlier ?? []), roleFrom(role)])
  return new Command('run')
    .description(
      'The service. With nothing configured it plays a generated minute of a ward in a loop.',
    )
    .addOption(configOption())
    .addOption(roleOption)
    .option('--port <number>', 'port of the page; 0 takes a free one', portFrom)
    .option('--data <dir>', 'folder of everything that is kept')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const configured = configFrom(options.config)
  const isSample = configured.input.files.length === 0 && configured.bus.kind === 'memory'
  const config = adjusted(isSample ? sampleConfig(configured, options.data) : configured, options)
  const logger = createLogger(config.log.level)
  const failure = Promise.withResolvers<never>()
  const own = (options.role as Role[] | undefined) ?? [...roles]
  const wardwatch = createWardwatch(config, {
    roles: own,
    recordings: own.includes('ingest') ? recordingsFor(inputOf(config, isSample)) : [],
    ...paceOf(config, isSample),
    logger,
    now: Date.now,
    failed: (error) => failure.reject(error),
  })
  await runUntilSignal(wardwatch, {
    logger,
    failure: failure.promise,
    undrained: () => ({ parts: wardwatch.parts() }),
    started() {
      wardwatch.ingest?.done.catch((error: unknown) => failure.reject(error))
      if (wardwatch.dashboard !== null) announce(wardwatch.dashboard.url(), isSample)
    },
  })
}

function adjusted(config: Config, { port, data }: Options): Config {
  return {
    ...config,
    ...(data === undefined ? {} : { data, store: { ...config.store, path: undefined } }),
    dashboard: { ...config.dashboard, ...(port === undefined ? {} : { port }) },
    // A new life of the sensor: what it numbers now is not what it numbered before.
    ingest: {
      ...config.ingest,
      run: config.input.speed === null ? config.ingest.run : `live-${Date.now()}`,
    },
  }
}

function inputOf(config: Config, isSample: boolean): InputPlan {
  if (isSample) return { kind: 'sample', startUs: Date.now() * 1000 }
  const { files, learn, repeat } = config.input
  if (files.length === 0) {
    throw new WardwatchError('CONFIG_INVALID', 'input.files is empty: name the captures to watch')
  }
  return { kind: 'captures', learn, files, repeat }
}

function paceOf(config: Config, isSample: boolean): { pace?: number } {
  if (isSample) return { pace: 1 }
  return config.input.speed === null ? {} : { pace: config.input.speed }
}

function announce(url: string, isSample: boolean): void {
  const what = isSample ? 'playing a generated minute of a ward in a loop' : 'watching'
  process.stderr.write(`wardwatch: ${what}; the page is at ${url}\n`)
}

function roleFrom(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role === undefined) throw new InvalidArgumentError(`one of ${roles.join(', ')}`)
  return role
}

function portFrom(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a number from 0 to 65535')
  return port
}
