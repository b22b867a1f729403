import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InfluxdbAccess } from '../../scripts/services/influxdb.mjs'
import { createInfluxdbSeriesStore } from '../../store/adapters/influxdb.ts'
import { setUpBucket } from '../../store/adapters/influxdb/setup.ts'
import { type InfluxdbSeriesConfig, influxdbSeriesConfigSchema } from '../../store/series-config.ts'
import type { SeriesStore } from '../../store/series-store.ts'
import { silentLogger } from './silent-logger.ts'

export interface TestBucket {
  readonly bucket: string
  readonly spoolFolder: string
  create(overrides?: Partial<InfluxdbSeriesConfig>): SeriesStore
  remove(): Promise<void>
}

/** An empty bucket of its own with a spool; `url` of a stand-in goes before the server's. */
export async function testBucket(access: InfluxdbAccess, url = access.url): Promise<TestBucket> {
  const bucket = `test-${randomUUID()}`
  const spoolFolder = await mkdtemp(join(tmpdir(), 'wardwatch-spool-'))
  await setUpBucket(access, { bucket, retentionDays: 0, timeoutMs: 15_000 })
  return {
    bucket,
    spoolFolder,
    create: (overrides = {}) =>
      createInfluxdbSeriesStore(
        {
          ...influxdbSeriesConfigSchema.parse({
            ...{ kind: 'influxdb', url, org: access.org, bucket },
            ...{ retryDelayMs: 20, retryDelayMsMax: 100 },
          }),
          ...overrides,
        },
        { logger: silentLogger, access: { ...access, url }, spoolFolder },
      ),
    remove: () => rm(spoolFolder, { recursive: true, force: true }),
  }
}
