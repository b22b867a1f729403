import { gauge, type Metric } from '../metric.ts'

export const dashboardMetrics: readonly Metric[] = [
  gauge('dashboard_live_connections', 'Pages that are told of changes now.', (w) =>
    w.dashboard?.clientCount(),
  ),
]
