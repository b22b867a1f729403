import { readFileSync } from 'node:fs'
import { WardwatchError } from '../../../records/errors.ts'
import type { InfluxdbSeriesConfig } from '../../series-config.ts'

/** How to reach a server. The token never goes into a log or a message. */
export interface InfluxdbAccess {
  readonly url: string
  readonly org: string
  readonly token: string
}

/**
 * The configured server with its token: from the configuration, its file, or the environment, in this order.
 * @throws WardwatchError CONFIG_INVALID when there is none.
 */
export function influxdbAccess(
  { url, org, token, tokenFile }: InfluxdbSeriesConfig,
  environment: Readonly<Record<string, string | undefined>>,
): InfluxdbAccess {
  const known =
    token ?? (tokenFile === undefined ? environment['WARDWATCH_SERIES_TOKEN'] : read(tokenFile))
  if (known === undefined || known === '')
    throw new WardwatchError(
      'CONFIG_INVALID',
      'series: no token: name a file with it in series.tokenFile, or set WARDWATCH_SERIES_TOKEN',
    )
  return { url, org, token: known }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new WardwatchError('CONFIG_INVALID', `series.tokenFile: ${file} cannot be read`, {
      cause,
    })
  }
}
