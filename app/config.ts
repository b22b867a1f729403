import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { alertsConfigSchema } from '../alerts/config.ts'
import { analyzerConfigSchema } from '../analyzer/config.ts'
import { detectors } from '../analyzer/detectors/index.ts'
import { busConfigSchema } from '../bus/config.ts'
import { dashboardConfigSchema } from '../dashboard/config.ts'
import { historyConfigSchema } from '../history/config.ts'
import { ingestConfigSchema } from '../ingest/config.ts'
import { livePortShape } from '../ingest/live-config.ts'
import { inventoryConfigSchema } from '../inventory/config.ts'
import { WardwatchError } from '../records/errors.ts'
import { operationConfigSchema } from './operation/config.ts'
import { sqliteStoreConfigSchema } from '../store/config.ts'
import { seriesConfigSchema } from '../store/series-config.ts'

export const roles = ['ingest', 'analyzer', 'alerts', 'historian', 'dashboard'] as const
export type Role = (typeof roles)[number]

const inputSchema = z
  .strictObject({
    learn: z
      .array(z.string())
      .default([])
      .describe('capture files that only teach the baseline, each a recording of its own'),
    files: z
      .array(z.string())
      .default([])
      .describe('capture files to watch, merged by packet time; `-` is standard input'),
    repeat: z.boolean().default(false).describe('play `files` again and again, each pass later'),
    speed: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe('times the speed of the packets’ own clock; null: as fast as it goes'),
    ...livePortShape,
  })
  .superRefine((input, context) => {
    if (input.interface === null) return
    const recorded = {
      files: input.files.length > 0,
      repeat: input.repeat,
      speed: input.speed !== null,
    }
    for (const [key, isSet] of Object.entries(recorded)) {
      const message = 'is for recordings: leave it out where input.interface is watched live'
      if (isSet) context.addIssue({ code: 'custom', path: [key], message })
    }
  })
  .describe('what is watched: recordings, or a port')

/** The analyzer's part, with each detector's thresholds checked by the detector itself. */
const checkedAnalyzerSchema = analyzerConfigSchema.superRefine((analyzer, context) => {
  for (const [behaviour, thresholds] of Object.entries(analyzer.detectors)) {
    const detector = detectors.find((one) => one.behaviour === behaviour)
    const parsed = detector?.config.safeParse(thresholds)
    const issues = parsed?.error?.issues ?? []
    if (detector === undefined)
      context.addIssue({
        code: 'custom',
        path: ['detectors', behaviour],
        message: 'no such behaviour',
      })
    for (const { path, message } of issues)
      context.addIssue({ code: 'custom', path: ['detectors', behaviour, ...path], message })
  }
})

/** The whole configuration; every stage owns its part (`<stage>/config.ts`). */
export const configSchema = z.strictObject({
  data: z.string().min(1).default('data').describe('folder of everything that is kept'),
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
        .default('info')
        .describe('least serious line that is written to standard error'),
    })
    .describe('the log, JSON lines on standard error')
    .prefault({}),
  input: inputSchema.prefault({}),
  ingest: ingestConfigSchema
    .describe('how one sensor reads packets; times are event time unless a key says otherwise')
    .prefault({}),
  bus: busConfigSchema,
  store: sqliteStoreConfigSchema
    .extend({
      path: z.string().optional().describe('file of the database; `state.sqlite` in `data`'),
    })
    .describe('what must survive a restart')
    .prefault({}),
  inventory: inventoryConfigSchema.describe('what people declare of their network').prefault({}),
  analyzer: checkedAnalyzerSchema.describe('what judges the records').prefault({}),
  alerts: alertsConfigSchema.describe('how anomalies become alerts').prefault({}),
  history: historyConfigSchema
    .describe('every flow, kept in files that can be looked up')
    .prefault({}),
  series: seriesConfigSchema,
  dashboard: dashboardConfigSchema.describe('the live page').prefault({}),
  operation: operationConfigSchema.describe('how machines watch this process').prefault({}),
})
export type Config = z.output<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>

/** Where the state lies: the configured file, or one in the data folder. */
export function storePath(config: Config): string {
  return config.store.path ?? join(config.data, 'state.sqlite')
}

/** A configuration from an object of the program itself. @throws WardwatchError CONFIG_INVALID */
export function parseConfig(input: ConfigInput): Config {
  const parsed = configSchema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new WardwatchError('CONFIG_INVALID', z.prettifyError(parsed.error))
}

/**
 * A configuration file.
 * @throws WardwatchError CONFIG_INVALID naming file, line and path of each fault; INPUT_NOT_FOUND when there is no file.
 */
export function loadConfig(file: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(readText(file), {
    lineCounter: lines,
    merge: true,
    // Its pretty messages show the line at fault, which may hold a secret.
    prettyErrors: false,
  })
  const [fault] = document.errors
  if (fault !== undefined) {
    const { line } = lines.linePos(fault.pos[0])
    throw new WardwatchError('CONFIG_INVALID', `${file}:${line}: ${fault.message}`, {
      cause: fault,
    })
  }
  const parsed = configSchema.safeParse(valueOf(document, file) ?? {})
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
    return `${file}:${lineOf(document, lines, path)}: ${path.join('.') || 'configuration'}: ${issue.message}`
  })
  throw new WardwatchError('CONFIG_INVALID', faults.join('\n'))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new WardwatchError(
      'INPUT_NOT_FOUND',
      `${file}: cannot be read; name the configuration with --config FILE`,
      { cause },
    )
  }
}

/** YAML's aliases can grow a short file without bound: 100 uses are plenty for a configuration. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    throw new WardwatchError('CONFIG_INVALID', `${file}: too many aliases; write the values out`, {
      cause,
    })
  }
}

/** Line of the deepest part of `path` that the file has; of an unknown key, its own line. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const key = path[length - 1]
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === key)
      : undefined
    const node = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
