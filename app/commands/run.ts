import { Command, InvalidArgumentError, Option } from 'commander'
import { WardwatchError } from '../../records/errors.ts'
import { type Config, parseConfig, type Role, roles } from '../config.ts'
import { demoConfig, demoDefaults, type DemoOptions, demoPlan } from '../demo.ts'
import { printSetUpLink, recordConfiguration } from '../first-steps.ts'
import { runUntilSignal } from '../lifecycle.ts'
import { createLogger, isDebug } from '../logger.ts'
import type { InputPlan } from '../recordings.ts'
import { createReloader } from '../reload.ts'
import { watchTeaching } from '../teaching.ts'
import { readingOf } from '../threads/threads.ts'
import { createWardwatch } from '../wire.ts'
import { configFrom, configOption, portFrom } from './options.ts'

interface RunOptions {
  config?: string
  role: Role[]
  port?: number
  data?: string
  interface?: string
  operationPort?: number
  /** A simulated ward in place of what is configured. */
  demo?: DemoOptions
}

export function runCommand(): Command {
  const roleOption = new Option(
    '--role <role>',
    'what this process does; may be repeated (default: all)',
  )
    .choices(roles)
    .argParser((role, earlier: Role[] | undefined) => [...(earlier ?? []), roleFrom(role)])
  return new Command('run')
    .description('The service. With nothing configured it is the demo: see wardwatch demo.')
    .addOption(configOption())
    .addOption(roleOption)
    .option('--port <number>', 'port of the page; 0 takes a free one', portFrom)
    .option('--data <dir>', 'folder of everything that is kept')
    .option('--operation-port <number>', 'port of /healthz, /readyz and /metrics', portFrom)
    .option('--interface <name>', 'watches this network interface live, in place of captures')
    .action(run)
}

/** The service until a signal ends it. */
export async function run(options: RunOptions): Promise<void> {
  const configured = watching(configFrom(options.config), options.interface)
  const demo = options.demo ?? (isNothingConfigured(configured) ? demoDefaults : null)
  const config = adjusted(
    demo === null ? configured : demoConfig(configured, options.data),
    options,
  )
  const logger = createLogger(config.log.level)
  const failure = Promise.withResolvers<never>()
  const own = (options.role as Role[] | undefined) ?? [...roles]
  const input = own.includes('ingest') ? inputOf(config, demo) : null
  const reloader = createReloader(configured, {
    read: () => watching(configFrom(options.config), options.interface),
    appliers: {
      'log.level':
        ({ log }) =>
        () => {
          logger.setLevel(log.level)
          wardwatch.setDebug(isDebug(log.level))
        },
      'alerts.receivers': ({ alerts }) => {
        const exchange = wardwatch.prepareReceivers(alerts.receivers)
        return () => void exchange().catch((error: unknown) => failure.reject(error))
      },
    },
    applied({ log, alerts: { receivers } }) {
      if (wardwatch.dashboard === null) return
      const running = { ...config, log, alerts: { ...config.alerts, receivers } }
      recordConfiguration(wardwatch.states.audit, running, Date.now()).catch((error: unknown) =>
        failure.reject(error),
      )
    },
    logger,
  })
  const wardwatch = createWardwatch(config, {
    roles: own,
    reloads: () => reloader.counts(),
    ...readingOf(config, input),
    ...paceOf(config),
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
      if (wardwatch.ingest !== null) watchTeaching(wardwatch.ingest)
      wardwatch.ingest?.done.catch((error: unknown) => failure.reject(error))
      if (wardwatch.dashboard === null) return
      announce(wardwatch.dashboard.url(), config, demo)
      Promise.all([
        printSetUpLink(wardwatch.dashboard, config, logger),
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

function adjusted(config: Config, { port, data, operationPort }: RunOptions): Config {
  return {
    ...config,
    ...(data === undefined ? {} : { data, store: { ...config.store, path: undefined } }),
    dashboard: { ...config.dashboard, ...(port === undefined ? {} : { port }) },
    operation: {
      ...config.operation,
      ...(operationPort === undefined ? {} : { port: operationPort }),
    },
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

function inputOf(config: Config, demo: DemoOptions | null): InputPlan {
  if (demo !== null) return demoPlan(config, demo)
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

function paceOf(config: Config): { pace?: number } {
  return config.input.speed === null ? {} : { pace: config.input.speed }
}

function announce(url: string, { input }: Config, demo: DemoOptions | null): void {
  const watched = input.interface === null ? 'watching' : `watching ${input.interface} live`
  const what = demo === null ? watched : 'demo: a simulated ward, first learned, then watched'
  process.stderr.write(`wardwatch: ${what}; the page is at ${url}\n`)
}

function roleFrom(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role === undefined) throw new InvalidArgumentError(`one of ${roles.join(', ')}`)
  return role
}
