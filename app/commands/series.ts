import { Command } from 'commander'
import { WardwatchError } from '../../records/errors.ts'
import { influxdbAccess } from '../../store/adapters/influxdb/access.ts'
import { setUpBucket } from '../../store/adapters/influxdb/setup.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption } from './options.ts'

export function seriesCommand(): Command {
  return new Command('series')
    .description('One-minute series of devices.')
    .addCommand(
      new Command('setup')
        .description('Makes the bucket in InfluxDB, or gives the one that is there its retention.')
        .addOption(configOption())
        .action(setUp)
        .exitOverride()
        .showHelpAfterError('(--help tells what goes)'),
    )
}

async function setUp(options: { config?: string }): Promise<void> {
  const { series } = configFrom(options.config)
  if (series.kind !== 'influxdb')
    throw new WardwatchError(
      'CONFIG_INVALID',
      `series.kind is ${series.kind}: there is nothing to set up; for InfluxDB it is influxdb`,
    )
  const outcome = await setUpBucket(influxdbAccess(series, process.env), series)
  const kept = series.retentionDays === 0 ? 'for ever' : `for ${series.retentionDays} days`
  await writeLine(`bucket ${series.bucket}: ${sentences[outcome]}, points are kept ${kept}`)
}

const sentences = {
  made: 'made',
  'retention-changed': 'it was there, its retention has been changed',
  unchanged: 'it was there, nothing to do',
} as const
