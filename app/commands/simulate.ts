import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Command, InvalidArgumentError, Option } from 'commander'
import { createPipeline } from '../../ingest/pipeline.ts'
import { flowToEcs } from '../../records/ecs.ts'
import { WardwatchError } from '../../records/errors.ts'
import { dayUs, parseTime } from '../../records/time.ts'
import { declaredInventory } from '../../simulator/declared.ts'
import { type Exchange, packetsOf } from '../../simulator/exchange.ts'
import { labelLine } from '../../simulator/labels.ts'
import { pcapChunks } from '../../simulator/pcap-file.ts'
import { directRecords } from '../../simulator/records/direct-records.ts'
import { playScenario, scenarioNames } from '../../simulator/scenario.ts'
import type { Period } from '../../simulator/schedule.ts'
import { createFlowSums } from '../flow-sums.ts'
import { clearProgress, showProgress } from '../output.ts'
import { configFrom, configOption } from './options.ts'
import { summaryToJson } from './summaries.ts'

interface Options {
  scenario: string
  seed: number
  days: number
  start: number
  out: string
  labels?: string
  inventory?: string
  records?: true
  config?: string
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Writes the traffic of a simulated hospital, and what is really going on in it.')
    .addOption(
      new Option('--scenario <name>', 'what happens').choices(scenarioNames).default('ward'),
    )
    .option('--seed <number>', 'the same seed gives the same bytes', numberFrom, 1)
    .option('--days <number>', 'how long, in days; 0.5 are twelve hours', numberFrom, 1)
    .option('--start <time>', 'first moment (RFC 3339)', timeFrom, parseTime(startDefault))
    .requiredOption('--out <file>', 'capture file to write; gzip when the name ends in .gz')
    .option('--labels <file>', 'what attacks there are, one JSON object a line')
    .option('--inventory <file>', 'a configuration that declares the devices, for replay --config')
    .option('--records', 'write flows and protocol events as JSON lines, without making packets')
    .addOption(configOption())
    .action(simulate)
}

/** A Monday. */
const startDefault = '2026-01-05T00:00:00Z'

async function simulate(options: Options): Promise<void> {
  const { scenario: name, seed, days, start, out } = options
  if (days <= 0) throw new WardwatchError('BAD_USAGE', '--days must be above 0')
  const period = { fromUs: start, toUs: Math.round(start + days * dayUs) }
  const { cast, exchanges, labels } = playScenario({ name, period, seed })
  const shown = withProgress(exchanges, period)
  const chunks =
    options.records === undefined
      ? pcapChunks(packetsOf(shown))
      : recordLines(shown, options.config)
  const zip = out.endsWith('.gz') ? [createGzip({ level: 1 })] : []
  await pipeline([Readable.from(chunks), ...zip, createWriteStream(out)]).finally(clearProgress)
  if (options.labels !== undefined)
    await writeFile(options.labels, labels.map((label) => `${labelLine(label)}\n`).join(''))
  if (options.inventory !== undefined) {
    const inventory = declaredInventory(cast)
    await writeFile(options.inventory, `${JSON.stringify({ inventory }, null, 2)}\n`)
  }
}

/** Flows as `flows` prints them and events as `summaries` does, in the order in which they are told. */
function* recordLines(exchanges: Iterable<Exchange>, configFile?: string): Generator<string> {
  const { ingest } = configFrom(configFile)
  const lines: string[] = []
  const write = (record: object) => lines.push(`${JSON.stringify(record)}\n`)
  const sink = {
    ...createFlowSums((flow) => write(flowToEcs(flow))),
    onSummary: (record: Parameters<typeof summaryToJson>[0]) => write(summaryToJson(record)),
  }
  const { account } = createPipeline(ingest, { sink })
  const steps = directRecords(exchanges, sink, account)
  for (let isDone = false; !isDone;) {
    isDone = steps.next().done === true
    if (lines.length > 0) yield lines.splice(0).join('')
  }
}

/** Told on a terminal, every hundredth of the period. */
function* withProgress(exchanges: Iterable<Exchange>, period: Period): Generator<Exchange> {
  const stepUs = (period.toUs - period.fromUs) / 100
  let nextUs = period.fromUs
  for (const exchange of exchanges) {
    if (exchange.startUs >= nextUs) {
      showProgress('simulating', (exchange.startUs - period.fromUs) / stepUs / 100)
      nextUs += stepUs
    }
    yield exchange
  }
}

function numberFrom(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('a number')
  return number
}

function timeFrom(text: string): number {
  const timeUs = parseTime(text)
  if (Number.isNaN(timeUs)) throw new InvalidArgumentError('a time such as 2026-01-05T00:00:00Z')
  return timeUs
}
