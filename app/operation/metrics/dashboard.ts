import { counter, gauge, type Metric } from '../metric.ts'

export const dashboardMetrics: readonly Metric[] = [
  gauge('dashboard_live_connections', 'Pages that are told of changes now.', (w) =>
    w.dashboard?.clientCount(),
  ),
  counter(
    'dashboard_policy_reports',
    'Reports of browsers that something on the page broke its policy: look into the log.',
    (w) => w.dashboard?.policyReports(),
  ),
]
