import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { silentLogger } from './silent-logger.ts'

// Started by tests/store/sqlite.test.ts, which kills it: commits its own number, over and over, and prints it when
// the store has acknowledged.

const store = createSqliteStore(
  { kind: 'sqlite', path: process.argv[2]!, busyTimeoutMs: 5_000 },
  { logger: silentLogger },
)
await store.start()
const { epoch, nextOffset } = await store.partitions.acquire(0)
for (let number = nextOffset + 1; ; number++) {
  const value = new Uint8Array(1_000)
  new DataView(value.buffer).setUint32(0, number)
  const sections = Array.from({ length: 300 }, (_, i) => ({
    host: `host-${i}`,
    section: 'relations',
    value,
  }))
  await store.partitions.commit({
    row: { partition: 0, epoch, nextOffset: number, state: value },
    sections,
    removedHosts: [],
    progress: [],
  })
  await new Promise((resolve) => process.stdout.write(`${number}\n`, resolve))
}
