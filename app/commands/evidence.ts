import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { captureOf, linesOf, readEvidence } from '../../ingest/adapters/evidence-reader.ts'
import type { PacketLine } from '../../ingest/evidence/packet-line.ts'
import { WardwatchError } from '../../records/errors.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { type Config, storePath } from '../config.ts'
import { createLogger } from '../logger.ts'
import { printable, writeLine } from '../output.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

interface Options {
  config?: string
  data?: string
  json?: true
  out?: string
}

export function evidenceCommand(): Command {
  return new Command('evidence')
    .description('The packets that were kept of an alert (ingest.evidence in the configuration).')
    .argument('<alert>', 'id of the alert, as the page and replay --json name it')
    .addOption(configOption())
    .option('--data <dir>', 'folder of everything that is kept')
    .option('--out <file>', 'write them as a capture file instead of listing them')
    .addOption(jsonOption('one packet a line'))
    .action(run)
}

async function run(alertId: string, options: Options): Promise<void> {
  const configured = configFrom(options.config)
  const config = options.data === undefined ? configured : { ...configured, data: options.data }
  const { packets, files } = await readEvidence(config.data, await anomaliesOf(config, alertId))
  if (packets.length === 0) {
    throw new WardwatchError(
      'INPUT_NOT_FOUND',
      'no packets are kept of this alert: ingest.evidence was off, they had left the ring, or newer evidence took their place',
    )
  }
  if (options.out !== undefined) {
    await writeFile(options.out, captureOf(packets), { mode: 0o600 })
    process.stderr.write(`wardwatch: ${packets.length} packets written to ${options.out}\n`)
    return
  }
  for (const line of linesOf(packets))
    await writeLine(options.json === true ? JSON.stringify(line) : textOf(line))
  if (options.json !== true)
    for (const { sensor, anomalyId, sha256 } of files)
      process.stderr.write(`${printable(sensor)} ${anomalyId}.pcap sha256 ${sha256}\n`)
}

/** Ids of what the alert was made of. */
async function anomaliesOf(config: Config, alertId: string): Promise<string[]> {
  const logger = createLogger('error')
  const states = createSqliteStore({ ...config.store, path: storePath(config) }, { logger })
  await states.start()
  try {
    if ((await states.alerts.get(alertId)) === null)
      throw new WardwatchError('INPUT_NOT_FOUND', `no alert ${alertId} in ${storePath(config)}`)
    return (await states.alerts.anomaliesOf(alertId)).map(({ id }) => id)
  } finally {
    await states.stop()
  }
}

function textOf({ time, source, destination, protocol, bytes, info }: PacketLine): string {
  return `${time}  ${source.padEnd(21)} → ${destination.padEnd(21)}  ${protocol.padEnd(6)} ${String(bytes).padStart(5)}  ${info}`
}
