import { counter, type Metric } from '../metric.ts'

export const alertsMetrics: readonly Metric[] = [
  counter(
    'alerts_anomalies_folded',
    'Anomalies that changed a row.',
    (w) => w.alerts?.counters().folded,
  ),
  counter(
    'alerts_anomalies_skipped',
    'Anomalies that had been folded before.',
    (w) => w.alerts?.counters().skipped,
  ),
  counter(
    'alerts_anomalies_repeated',
    'Anomalies that said nothing new.',
    (w) => w.alerts?.counters().repeated,
  ),
  counter(
    'alerts_messages_malformed',
    'Messages that could not be read.',
    (w) => w.alerts?.counters().malformed,
  ),
  counter(
    'alerts_partitions_overtaken',
    'Times another process had folded further.',
    (w) => w.alerts?.counters().overtaken,
  ),
]
