import { Command, InvalidArgumentError, Option } from 'commander'
import { WardwatchError } from '../../records/errors.ts'
import { type Config, parseConfig, type Role, roles } from '../config.ts'
import { printSetUpLink, recordConfiguration } from '../first-steps.ts'
import { runUntilSignal } from '../lifecycle.ts'
import { createLogger, isDebug } from '../logger.ts'
import type { InputPlan } from '../recordings.ts'
import { createReloader } from '../reload.ts'
import { sampleConfig } from '../sample.ts'
import { readingOf } from '../threads/threads.ts'
import { createWardwatch } from '../wire.ts'
import { configFrom, configOption } from './options.ts'

interface Options {
  config?: string
  role: Role[]
  port?: number
  data?: string
  interface?: string
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
    .option('--interface <name>', 'watches this network interface live, in place of captures')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const configured = watching(configFrom(options.config), options.interface)
  const isSample = isNothingConfigured(configured)
  const config = adjusted(isSample ? sampleConfig(configured, options.data) : configured, options)
  const logger = createLogger(config.log.level)
  const failure = Promise.withResolvers<never>()
  const own = (options.role as Role[] | undefined) ?? [...roles]
  const input = own.includes('ingest') ? inputOf(config, isSample) : null
  const reloader = createReloader(configured, {
    read: () => watching(configFrom(options.config), options.interface),
    appliers: {
      'log.level': ({ log }) => {
        logger.setLevel(log.level)
        wardwatch.setDebug(isDebug(log.level))
      },
    },
    logger,
  })
  const wardwatch = createWardwatch(config, {
    roles: own,
    reloads: () => reloader.counts(),
    ...readingOf(config, input),
    ...paceOf(config, isSample),
    logger,
    notifies: true,
    now: Date.now,
    failed: (error) => failure.reject(error),
  })
  await runUntilSignal(wardwatch, {
    logger,
    failure: failure.promise,
    reload: () => reloader.reload(),
    undrained: () => ({ parts: wardwatch.parts() }),
    started() {
      wardwatch.ingest?.done.catch((error: unknown) => failure.reject(error))
      if (wardwatch.dashboard === null) return
      announce(wardwatch.dashboard.url(), config, isSample)
      Promise.all([
        printSetUpLink(wardwatch.dashboard, config),
        recordConfiguration(wardwatch.states.audit, config, Date.now()),
      ]).catch((error: unknown) => failure.reject(error))
    },
  })
}

/** The configuration, watching a port that the command line names. @throws WardwatchError CONFIG_INVALID */
function watching(config: Config, port: string | undefined): Config {
  if (port === undefined) return config
  const input = { ...config.input, interface: port, files: [], repeat: false, speed: null }
  return { ...config, input: parseConfig({ input }).input }
}

function isNothingConfigured({ input, bus }: Config): boolean {
  return input.files.length === 0 && input.interface === null && bus.kind === 'memory'
}

function adjusted(config: Config, { port, data }: Options): Config {
  return {
    ...config,
    ...(data === undefined ? {} : { data, store: { ...config.store, path: undefined } }),
    dashboard: { ...config.dashboard, ...(port === undefined ? {} : { port }) },
    // A new life of the sensor: what it numbers now is not what it numbered before.
    ingest: {
      ...config.ingest,
      run: isLive(config) ? `live-${Date.now()}` : config.ingest.run,
    },
  }
}

/** At the pace of the wall clock, or some other: not a replay that could be repeated. */
function isLive({ input }: Config): boolean {
  return input.interface !== null || input.speed !== null
}

function inputOf(config: Config, isSample: boolean): InputPlan {
  if (isSample) return { kind: 'sample', startUs: Date.now() * 1000 }
  const { files, learn, repeat, interface: port } = config.input
  if (port !== null) return { kind: 'port', learn, port: { ...config.input, interface: port } }
  if (files.length === 0) {
    throw new WardwatchError(
      'CONFIG_INVALID',
      'input.files is empty: name the captures to watch, or a port in input.interface',
    )
  }
  return { kind: 'captures', learn, files, repeat }
}

function paceOf(config: Config, isSample: boolean): { pace?: number } {
  if (isSample) return { pace: 1 }
  return config.input.speed === null ? {} : { pace: config.input.speed }
}

function announce(url: string, { input }: Config, isSample: boolean): void {
  const watched = input.interface === null ? 'watching' : `watching ${input.interface} live`
  const what = isSample ? 'playing a generated minute of a ward in a loop' : watched
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
