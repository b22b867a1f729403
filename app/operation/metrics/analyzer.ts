import type { AnalyzerStats } from '../../../analyzer/service.ts'
import type { EngineStats } from '../../../analyzer/engine-types.ts'
import { byLabel, counter, gauge, type Metric } from '../metric.ts'
import type { Watched } from '../watched.ts'

export const analyzerMetrics: readonly Metric[] = [
  counter('analyzer_messages', 'Messages read.', (w) => analyzed(w)?.messages),
  counter(
    'analyzer_messages_quarantined',
    'Messages that could not be read and were skipped.',
    (w) => analyzed(w)?.quarantined,
  ),
  counter('analyzer_anomalies', 'Findings published.', (w) => analyzed(w)?.anomalies),
  counter('analyzer_checkpoints', 'Checkpoints written.', (w) => analyzed(w)?.checkpoints),
  counter(
    'analyzer_state_bytes',
    'Bytes of state written in them.',
    (w) => analyzed(w)?.stateBytes,
  ),
  counter(
    'analyzer_partitions_lost',
    'Partitions taken over by another worker.',
    (w) => analyzed(w)?.partitionsLost,
  ),
  counter(
    'analyzer_flow_views',
    'Views of flow records judged since the partitions held now were taken.',
    (w) => ofPartitions(w, (p) => p.flowViews),
  ),
  counter('analyzer_summary_views', 'Views of protocol events judged since then.', (w) =>
    ofPartitions(w, (p) => p.summaryViews),
  ),
  counter(
    'analyzer_rows_late',
    'Rows more than 30 s behind the partition clock: not judged.',
    (w) => ofPartitions(w, (p) => p.late),
  ),
  counter('analyzer_messages_repeated', 'Messages that had been judged before.', (w) =>
    ofPartitions(w, (p) => p.repeated),
  ),
  counter(
    'analyzer_messages_missing',
    'Messages that a sensor numbered and that never came.',
    (w) => ofPartitions(w, (p) => p.missing),
  ),
  counter(
    'analyzer_learning_gaps',
    'Times that a live sensor was not learned from, between two of its lives, once for each partition.',
    (w) => ofPartitions(w, (p) => p.learningGaps),
  ),
  counter('analyzer_timers_fired', 'Timers of detectors that fired.', (w) =>
    ofPartitions(w, (p) => p.timersFired),
  ),
  counter(
    'analyzer_timers_merged',
    'Timers merged because a detector had too many for one host.',
    (w) => ofPartitions(w, (p) => p.timersMerged),
  ),
  counter('analyzer_sections_dropped', 'Pieces of state of another version, forgotten.', (w) =>
    ofPartitions(w, (p) => p.sectionsDropped),
  ),
  counter(
    'analyzer_hosts_evicted',
    'Hosts forgotten because there were too many: raise analyzer.engine.hostsMax.',
    (w) => ofPartitions(w, (p) => p.hostsEvicted),
  ),
  counter('analyzer_findings_taught', 'Findings dropped because a recording only taught.', (w) =>
    ofPartitions(w, (p) => p.taught),
  ),
  counter(
    'analyzer_rows_not_evaluated',
    'Rows not given to a detector, because their sensor sees one direction only.',
    (w) => byLabel('detector', notEvaluated(analyzed(w))),
    ['detector'],
  ),
  gauge('analyzer_hosts', 'Hosts in memory.', (w) => ofPartitions(w, (p) => p.hosts)),
]

const analyzed = ({ analyzer: part }: Watched) => part?.stats()

function ofPartitions(watched: Watched, value: (stats: EngineStats) => number): number | null {
  const stats = analyzed(watched)
  if (stats === undefined) return null
  return Object.values(stats.partitions).reduce((sum, partition) => sum + value(partition), 0)
}

function notEvaluated(stats: AnalyzerStats | undefined): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const partition of Object.values(stats?.partitions ?? {}))
    for (const [detector, count] of Object.entries(partition.notEvaluated))
      sums[detector] = (sums[detector] ?? 0) + count
  return sums
}
