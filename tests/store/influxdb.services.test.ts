import { inject } from 'vitest'
import { seriesStoreContract } from '../contracts/series-store.contract.ts'
import { testBucket } from '../support/influxdb-bucket.ts'

seriesStoreContract('influxdb', () => testBucket(inject('influxdb')))
