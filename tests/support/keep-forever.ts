import { secondUs } from '../../records/time.ts'
import { createWholeStore } from './flow-place.ts'
import { flowMessage } from './flow-messages.ts'

// Started by tests/store/duckdb/history-crash.test.ts, which kills it: keeps one flow a message from where the history
// ends, sealing every 50 and merging now and then, and prints the position when a flush has acknowledged it.

const store = createWholeStore(process.argv[2]!, { segmentRowsMax: 50, flushMs: 20 })
await store.start()
const startUs = Date.UTC(2026, 10, 21, 23, 50) * 1000
await store.lookup({ device: '10.60.1.20', limit: 1 })
for (let offset = await store.position(0), turn = 1; ; turn++) {
  const messages = Array.from({ length: 30 }, (_, i) => ({
    offset: offset + i,
    value: flowMessage(offset + i + 1, [
      {
        orig: '10.60.1.20',
        resp: '10.60.1.40',
        lastUs: startUs + (offset + i) * 10 * secondUs,
        origPort: offset + i + 1,
      },
    ]),
  }))
  await store.append({ partition: 0, messages })
  await store.flush()
  offset += messages.length
  await new Promise((resolve) => process.stdout.write(`${offset}\n`, resolve))
  if (turn % 4 === 0) await store.maintain()
}
