import type { RecordSource } from '../../ingest/record-source.ts'
import type { ExchangeStream } from '../exchange.ts'
import type { Period } from '../schedule.ts'
import { directRecords } from './direct-records.ts'

/** Exchanges as a source of records: days of history at full speed. `period` is what progress is measured by. */
export function createSimulatedRecords(
  name: string,
  exchanges: ExchangeStream,
  period: Period,
): RecordSource {
  let share = 0
  return {
    name,
    rejects: new Map(),
    progress: () => share,
    *records(sink, account) {
      yield* directRecords(exchanges, sink, account, (timeUs) => {
        share = (timeUs - period.fromUs) / (period.toUs - period.fromUs)
      })
      share = 1
    },
  }
}
