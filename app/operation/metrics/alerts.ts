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
  counter(
    'alerts_rows_refolded',
    'Times a person changed a row while anomalies were folded into it.',
    (w) => w.alerts?.counters().refolded,
  ),
  counter(
    'alerts_notifications_delivered',
    'Notifications that a receiver has taken.',
    (w) => w.delivery?.counters().delivered,
  ),
  counter(
    'alerts_notifications_retried',
    'Attempts that failed and are made again.',
    (w) => w.delivery?.counters().retried,
  ),
  counter(
    'alerts_notifications_dead',
    'Dead letters: refused, tried too often, or too old. Somebody was not told.',
    (w) => w.delivery?.counters().dead,
  ),
  counter(
    'alerts_leases_lost',
    'Attempts that ended after another process had taken them over.',
    (w) => w.delivery?.counters().leasesLost,
  ),
]
