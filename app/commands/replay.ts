import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { z } from 'zod'
import { alertLine } from '../../alerts/present.ts'
import type { Alert } from '../../records/alert.ts'
import { type ControlCommand, controlCommandSchema } from '../../records/control.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { Config } from '../config.ts'
import { createLogger } from '../logger.ts'
import { clearProgress, printable, showProgress, writeLine } from '../output.ts'
import { replay } from '../replay.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

interface Options {
  config?: string
  learn: string[]
  control?: string
  data?: string
  json?: true
}

export function replayCommand(): Command {
  return new Command('replay')
    .description('Plays captures through the whole pipeline and prints the alerts.')
    .argument('<files...>', 'capture files, plain or gzip, merged by time; - is standard input')
    .option(
      '--learn <file>',
      'only teaches the baseline, which then counts as approved; may be repeated',
      collect,
      [],
    )
    .option(
      '--control <file>',
      'decisions of people, one JSON command a line (docs/formats/control.md)',
    )
    .option(
      '--data <dir>',
      'keep the state there, to go on after a crash; nothing is kept by default',
    )
    .addOption(configOption())
    .addOption(jsonOption('one alert a line when the input has ended'))
    .action(async (files: string[], options: Options) => {
      const config = withData(configFrom(options.config), options.data)
      const { alerts } = await replay({
        config,
        files,
        learn: options.learn,
        commands: options.control === undefined ? [] : readCommands(options.control),
        logger: createLogger(config.log.level === 'info' ? 'warn' : config.log.level),
        now: Date.now,
        onProgress: (share) => showProgress('replaying', share),
      }).finally(clearProgress)
      for (const alert of alerts)
        await writeLine(options.json === undefined ? sentence(alert) : alertLine(alert))
      if (options.json === undefined) await writeLine(countOf(alerts.length))
    })
}

function countOf(alerts: number): string {
  if (alerts === 0) return 'nothing to report'
  return alerts === 1 ? '1 alert' : `${alerts} alerts`
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value]
}

function withData(config: Config, data: string | undefined): Config {
  const path = data === undefined ? ':memory:' : undefined
  return { ...config, data: data ?? config.data, store: { ...config.store, path } }
}

function readCommands(file: string): ControlCommand[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new WardwatchError('INPUT_NOT_FOUND', `${file}: cannot be read`, { cause })
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line, index) => {
    const parsed = z.preprocess(parseJson, controlCommandSchema).safeParse(line)
    if (parsed.success) return parsed.data
    throw new WardwatchError('BAD_USAGE', `${file}:${index + 1}: ${z.prettifyError(parsed.error)}`)
  })
}

/** Undefined for what is not JSON, which no schema takes. */
function parseJson(line: unknown): unknown {
  try {
    return JSON.parse(String(line)) as unknown
  } catch {
    return undefined
  }
}

/** Characters of one sentence on a terminal: names in it are bounded, so that only a broken one is longer. */
const sentenceMax = 2000

/**
 * One alert in one line. Decoders let no control character through; but the words of an alert may come from another
 * writer on the bus or from a declared name, and a terminal would obey them.
 */
export function sentence(
  alert: Pick<Alert, 'firstSeen' | 'severity' | 'behaviour' | 'summary' | 'count'>,
): string {
  const { firstSeen, severity, behaviour, count } = alert
  const summary = printable(alert.summary.slice(0, sentenceMax))
  return `${firstSeen}  ${severity.padEnd(8)}  ${behaviour.padEnd(21)}  ${summary}  ×${count}`
}
