import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { askOwner } from '../../history/adapters/lookup-socket.ts'
import { flowToEcs } from '../../records/ecs.ts'
import { WardwatchError } from '../../records/errors.ts'
import { parseTime, type TimeUs } from '../../records/time.ts'
import type { FlowAnswer, FlowQuery } from '../../store/flow-store.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { type Config, storePath } from '../config.ts'
import { answerTable } from '../flow-table.ts'
import { createDuckdbHost, createFlowStore } from '../keeping.ts'
import { createLogger } from '../logger.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

interface Options {
  config?: string
  data?: string
  from?: TimeUs
  to?: TimeUs
  peer?: string
  limit: number
  json?: true
}

export function lookupCommand(): Command {
  return new Command('lookup')
    .description('Looks up the flows of a device in the history, newest first.')
    .argument('<device>', 'an address, a MAC, or a host key such as "site|lan|ip:10.60.1.20"')
    .option('--from <time>', 'RFC 3339, such as 2026-11-21T10:00:00Z; of the last packet', timeFrom)
    .option('--to <time>', 'likewise, exclusive', timeFrom)
    .option('--peer <peer>', 'only flows with this address, MAC or host key on the other side')
    .option('--limit <number>', 'flows that are printed, 1 to 10000', limitFrom, 1_000)
    .option('--data <dir>', 'folder of everything that is kept')
    .addOption(configOption())
    .addOption(jsonOption('one flow a line, in the names of the Elastic Common Schema'))
    .action(async (device: string, options: Options) => {
      const configured = configFrom(options.config)
      const config =
        options.data === undefined
          ? configured
          : { ...configured, data: options.data, store: { ...configured.store, path: undefined } }
      const { from, to, peer, limit } = options
      const answer = await ask(config, {
        device,
        limit,
        ...(peer === undefined ? {} : { peer }),
        ...(from === undefined ? {} : { fromUs: from }),
        ...(to === undefined ? {} : { toUs: to }),
      })
      await print(answer, options.json === true)
    })
}

/** The service that owns the folder is asked; without one, the folder is opened for as long as the answer takes. */
async function ask(config: Config, query: FlowQuery): Promise<FlowAnswer> {
  const path = storePath(config)
  if (!existsSync(path)) {
    throw new WardwatchError(
      'INPUT_NOT_FOUND',
      `${path}: there is no history; name the folder of the service with --data`,
    )
  }
  return (await askOwner(config.data, query)) ?? askFolder(config, query)
}

async function askFolder(config: Config, query: FlowQuery): Promise<FlowAnswer> {
  const logger = createLogger('error')
  const states = createSqliteStore({ ...config.store, path: storePath(config) }, { logger })
  const host = createDuckdbHost(config, config.data, logger)
  await states.start()
  try {
    await host.start()
    // Nothing is appended, so it does not matter what the bus does with its offsets; but they must stay as they are.
    const flows = createFlowStore(config, { host, states, logger, isDurable: true })
    await flows.start()
    try {
      return await flows.lookup(query)
    } finally {
      await flows.stop()
    }
  } finally {
    await host.stop()
    await states.stop()
  }
}

async function print(answer: FlowAnswer, isJson: boolean): Promise<void> {
  if (isJson) {
    for (const flow of answer.flows) await writeLine(JSON.stringify(flowToEcs(flow)))
    return
  }
  for (const line of answerTable(answer)) await writeLine(line)
}

function timeFrom(text: string): TimeUs {
  const timeUs = parseTime(text)
  if (Number.isNaN(timeUs)) throw new InvalidArgumentError('a time such as 2026-11-21T10:00:00Z')
  return timeUs
}

function limitFrom(text: string): number {
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1 || limit > 10_000)
    throw new InvalidArgumentError('a number from 1 to 10000')
  return limit
}
