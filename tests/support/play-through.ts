import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { recordingsOf } from '../../app/recordings.ts'
import { createWardwatch, type Wardwatch } from '../../app/wire.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { createQuietLogger } from './quiet-logger.ts'

/** Plays captures through one process until their end is folded, and looks at what is there before it is stopped. */
export async function playThrough<T>(
  captures: readonly string[],
  changes: ConfigInput,
  look: (wardwatch: Wardwatch) => Promise<T>,
  learn: readonly string[] = [],
): Promise<T> {
  const config = parseConfig({
    store: { path: ':memory:' },
    inventory: sampleInventory,
    ...changes,
  })
  const failure = Promise.withResolvers<never>()
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    recordings: recordingsOf(learn, captures),
    logger: createQuietLogger(),
    now: Date.now,
    failed: (error) => failure.reject(error),
  })
  await wardwatch.start()
  const { sensor, run } = config.ingest
  const partitions = wardwatch.bus.partitionCount('observations')
  try {
    const ended = wardwatch.ingest!.done.then(() =>
      wardwatch.alerts!.ended(sensor, run, partitions),
    )
    await Promise.race([ended, failure.promise])
    return await look(wardwatch)
  } finally {
    await wardwatch.stop()
  }
}
