import { Command } from 'commander'
import { flowToEcs, type WholeFlow } from '../../records/ecs.ts'
import { WardwatchError } from '../../records/errors.ts'
import { csvHeader, csvLine } from '../csv.ts'
import { createFlowSums } from '../flow-sums.ts'
import { readCaptures } from '../offline.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

export function flowsCommand(): Command {
  return new Command('flows')
    .description('Prints the flows of captures, each with its totals, in the order of their ends.')
    .argument('<files...>', 'capture files, plain or gzip; - is standard input')
    .addOption(configOption())
    .addOption(jsonOption('one flow a line, in the names of the Elastic Common Schema (default)'))
    .option('--csv', 'comma-separated values with a header line')
    .action(async (files: string[], options: { config?: string; json?: true; csv?: true }) => {
      if (options.json && options.csv)
        throw new WardwatchError('BAD_USAGE', '--json and --csv exclude each other')
      const config = configFrom(options.config)
      const write =
        options.csv === undefined ? (flow: WholeFlow) => JSON.stringify(flowToEcs(flow)) : csvLine
      if (options.csv !== undefined) await writeLine(csvHeader)
      const lines: string[] = []
      const sink = createFlowSums((flow) => lines.push(write(flow)))
      await readCaptures(files, config.ingest, {
        ...sink,
        async drain() {
          if (lines.length > 0) await writeLine(lines.splice(0).join('\n'))
        },
      })
    })
}
