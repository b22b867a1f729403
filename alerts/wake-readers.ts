import type { Bus } from '../bus/bus.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { Logger } from '../records/service.ts'
import { encodeWakeUp } from '../records/wake-up.ts'

/**
 * Tells readers that rows have changed, up to `revision`. The rows are safe in the store already: readers that miss the
 * wake-up find them at their next look.
 */
export async function wakeReaders(
  { bus, logger }: { readonly bus: Bus; readonly logger: Logger },
  partition: number,
  revision: number,
): Promise<void> {
  const target = partition % bus.partitionCount('alerts')
  try {
    await bus.publish([{ topic: 'alerts', partition: target, value: encodeWakeUp({ revision }) }])
  } catch (err) {
    if (!isWardwatchError(err, 'BUS_UNAVAILABLE')) throw err
    logger.warn({ err, revision }, 'wake-up not sent, readers will look by themselves')
  }
}
