import type { Metric } from '../metric.ts'
import { alertsMetrics } from './alerts.ts'
import { analyzerMetrics } from './analyzer.ts'
import { appMetrics } from './app.ts'
import { busMetrics } from './bus.ts'
import { dashboardMetrics } from './dashboard.ts'
import { historyMetrics } from './history.ts'
import { ingestMetrics } from './ingest.ts'
import { seriesMetrics } from './series.ts'

/**
 * Every metric, in data-flow order. A part that gains a counter gains a line in the file of its stage; the table of
 * docs/operation.md is made from it.
 */
export const metrics: readonly Metric[] = [
  ...ingestMetrics,
  ...busMetrics,
  ...analyzerMetrics,
  ...alertsMetrics,
  ...historyMetrics,
  ...seriesMetrics,
  ...dashboardMetrics,
  ...appMetrics,
]
