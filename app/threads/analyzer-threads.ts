import type { Analyzer, AnalyzerStats } from '../../analyzer/service.ts'
import type { Thread } from './thread.ts'

/** Several analyzers, each in its thread, as one: members of one group, between which the bus shares the partitions. */
export function createAnalyzerThreads(threads: readonly Thread[]): Analyzer {
  return {
    async start() {
      await Promise.all(threads.map((thread) => thread.start()))
    },
    async stop() {
      const results = await Promise.allSettled(threads.map((thread) => thread.stop()))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    stats: () =>
      sumOf(threads.map((thread) => thread.status()?.analyzer ?? null).filter((s) => s !== null)),
  }
}

function sumOf(parts: readonly AnalyzerStats[]): AnalyzerStats {
  const sum = (of: (stats: AnalyzerStats) => number) => parts.reduce((n, part) => n + of(part), 0)
  return {
    messages: sum((stats) => stats.messages),
    anomalies: sum((stats) => stats.anomalies),
    quarantined: sum((stats) => stats.quarantined),
    checkpoints: sum((stats) => stats.checkpoints),
    stateBytes: sum((stats) => stats.stateBytes),
    partitionsLost: sum((stats) => stats.partitionsLost),
    partitions: Object.assign({}, ...parts.map(({ partitions }) => partitions)) as Record<
      number,
      AnalyzerStats['partitions'][number]
    >,
  }
}
