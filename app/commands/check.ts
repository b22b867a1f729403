import { Command } from 'commander'
import { stringify } from 'yaml'
import { withoutSecrets } from '../../alerts/receiver-config.ts'
import { detectors } from '../../analyzer/detectors/index.ts'
import { checkFilter } from '../../ingest/adapters/tcpdump.ts'
import { createDeclaredPolicy } from '../../inventory/declared.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { type Config, storePath } from '../config.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption } from './options.ts'

export function checkCommand(): Command {
  return new Command('check')
    .description('Validates the configuration without starting anything.')
    .addOption(configOption())
    .option('--dump', 'print the whole configuration, defaults included, as YAML')
    .action(async (options: { config?: string; dump?: true }) => {
      const config = configFrom(options.config)
      createDeclaredPolicy(config.inventory)
      const unchecked = await filterUnchecked(config)
      if (unchecked !== null) process.stderr.write(`wardwatch: ${unchecked}\n`)
      if (options.dump === undefined) return writeLine('the configuration is valid')
      const thresholds = detectors.map((detector) => [
        detector.behaviour,
        detector.config.parse(config.analyzer.detectors[detector.behaviour] ?? {}),
      ])
      const analyzer = { ...config.analyzer, detectors: Object.fromEntries(thresholds) as object }
      const store = { ...config.store, path: storePath(config) }
      // What is printed ends in tickets and chats.
      const alerts = { ...config.alerts, receivers: config.alerts.receivers.map(withoutSecrets) }
      const series =
        config.series.kind === 'influxdb' && config.series.token !== undefined
          ? { ...config.series, token: '…' }
          : config.series
      return writeLine(stringify({ ...config, store, analyzer, alerts, series }).trimEnd())
    })
}

/** Why the filter of the port could not be checked, if so: a configuration may be written where nothing captures. */
async function filterUnchecked({ input }: Config): Promise<string | null> {
  try {
    await checkFilter(input)
    return null
  } catch (error) {
    if (!isWardwatchError(error, 'CAPTURE_PROGRAM_MISSING')) throw error
    return `input.filter is not checked: ${error.message}`
  }
}
