import { WardwatchError } from '../../records/errors.ts'
import type { OutgoingMessage } from '../bus.ts'
import { messageBytesMax } from '../config.ts'

/** @throws WardwatchError BUS_MISCONFIGURED for a message that not every adapter could carry; retrying is no use. */
export function checkSize(message: OutgoingMessage): void {
  if (message.value.length <= messageBytesMax) return
  throw new WardwatchError(
    'BUS_MISCONFIGURED',
    `a message of ${message.value.length} bytes exceeds ${messageBytesMax}`,
    {
      fields: { topic: message.topic, partition: message.partition },
    },
  )
}
