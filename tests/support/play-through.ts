import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { recordingsOf } from '../../app/recordings.ts'
import { createWardwatch, type Wardwatch } from '../../app/wire.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { createQuietLogger } from './quiet-logger.ts'

/**
 * Plays captures through one process until their end is folded, and looks at what is there before it is stopped.
 * @param analyzers threads that judge, and one that decodes; null: everything on this one
 */
export async function playThrough<T>(
  captures: readonly string[],
  changes: ConfigInput,
  look: (wardwatch: Wardwatch) => Promise<T>,
  learn: readonly string[] = [],
  analyzers: number | null = null,
): Promise<T> {
  const config = parseConfig({
    store: { path: ':memory:' },
    inventory: sampleInventory,
    ...changes,
  })
  const input = { kind: 'captures', learn, files: captures, repeat: false } as const
  const failure = Promise.withResolvers<never>()
  // Told below; a part may fail before anybody waits for it.
  failure.promise.catch(() => undefined)
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    recordings: analyzers === null ? recordingsOf(learn, captures) : [],
    ...(analyzers === null ? {} : { threads: { input, analyzers } }),
    logger: createQuietLogger(),
    now: Date.now,
    failed: (error) => failure.reject(error),
  })
  try {
    await wardwatch.start()
    const { sensor, run } = config.ingest
    const partitions = wardwatch.bus.partitionCount('observations')
    const ended = wardwatch.ingest!.done.then(() =>
      wardwatch.alerts!.ended(sensor, run, partitions),
    )
    await Promise.race([ended, failure.promise])
    return await look(wardwatch)
  } finally {
    await wardwatch.stop()
  }
}
