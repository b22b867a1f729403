import { topicNames } from '../../../bus/bus.ts'
import type { ReaderTraffic, TopicTraffic } from '../../../bus/metered.ts'
import { counter, gauge, type Metric, type Sample } from '../metric.ts'
import type { Watched } from '../watched.ts'

export const busMetrics: readonly Metric[] = [
  counter(
    'bus_messages_published',
    'Messages accepted by the bus, by topic.',
    (w) => ofTopics(w, (t) => t.publishedMessages),
    ['topic'],
  ),
  counter('bus_bytes_published', 'Their bytes.', (w) => ofTopics(w, (t) => t.publishedBytes), [
    'topic',
  ]),
  counter(
    'bus_publish_failures',
    'Calls to publish that the bus refused.',
    (w) => ofTopics(w, (t) => t.publishFailures),
    ['topic'],
  ),
  gauge(
    'bus_publish_waiting_calls',
    'Calls to publish not yet answered: above 0 for long is back-pressure.',
    (w) => ofTopics(w, (t) => t.publishing),
    ['topic'],
  ),
  counter(
    'bus_messages_handled',
    'Messages handled by readers of this process.',
    (w) => ofReaders(w, (r) => r.messages),
    ['topic', 'group'],
  ),
  counter('bus_bytes_handled', 'Their bytes.', (w) => ofReaders(w, (r) => r.bytes), [
    'topic',
    'group',
  ]),
  gauge(
    'bus_partitions_assigned',
    'Partitions that readers of this process have now.',
    (w) => ofReaders(w, (r) => r.partitions),
    ['topic', 'group'],
  ),
  gauge(
    'bus_lag_messages',
    'Messages published and not yet handled by the slowest reader; in memory only, over Kafka ask the broker for the lag of the groups.',
    (w) =>
      topicNames.flatMap((topic) => {
        const value = w.traffic.waitingMessages(topic)
        return value === null ? [] : [{ labels: { topic }, value }]
      }),
    ['topic'],
  ),
  gauge(
    'bus_queue_bytes',
    'Bytes that the bus in memory holds, handled ones included until room is needed.',
    (w) =>
      w.traffic.heldBytes === undefined
        ? []
        : Object.entries(w.traffic.heldBytes()).map(([topic, value]) => ({
            labels: { topic },
            value,
          })),
    ['topic'],
  ),
]

function ofTopics({ traffic }: Watched, value: (traffic: TopicTraffic) => number): Sample[] {
  return topicNames.flatMap((topic) => {
    const one = traffic.topics()[topic]
    return one === undefined ? [] : [{ labels: { topic }, value: value(one) }]
  })
}

/** Members of one group in this process are summed up. The group of a dashboard names its process and is cut. */
function ofReaders({ traffic }: Watched, value: (reader: ReaderTraffic) => number): Sample[] {
  const sums = new Map<string, Sample>()
  for (const reader of traffic.readers()) {
    const { topic, group } = reader
    const key = `${topic} ${group}`
    const before = sums.get(key)?.value ?? 0
    sums.set(key, { labels: { topic, group }, value: before + value(reader) })
  }
  return [...sums.values()]
}
