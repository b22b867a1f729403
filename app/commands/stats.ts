import { Command } from 'commander'
import { createNoSink } from '../../ingest/no-sink.ts'
import type { PipelineStats } from '../../ingest/pipeline.ts'
import { readCaptures } from '../offline.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

export function statsCommand(): Command {
  return new Command('stats')
    .description(
      'Counts what captures hold: packets, flows, summaries, and what was refused and why.',
    )
    .argument('<files...>', 'capture files, plain or gzip; - is standard input')
    .addOption(configOption())
    .addOption(jsonOption('one JSON object'))
    .action(async (files: string[], options: { config?: string; json?: true }) => {
      const config = configFrom(options.config)
      const sink = { ...createNoSink(), drain: () => Promise.resolve() }
      const stats = await readCaptures(files, config.ingest, sink)
      await writeLine(options.json === undefined ? table(stats) : JSON.stringify(stats))
    })
}

/** Two columns a person reads; groups are indented. */
function table(stats: PipelineStats): string {
  const lines: [string, string][] = []
  for (const [name, value] of Object.entries(stats) as [
    string,
    number | Record<string, number>,
  ][]) {
    if (typeof value === 'number') lines.push([name, value.toLocaleString('en')])
    else {
      lines.push([name, Object.keys(value).length === 0 ? 'none' : ''])
      for (const [part, count] of Object.entries(value))
        lines.push([`  ${part}`, count.toLocaleString('en')])
    }
  }
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}
