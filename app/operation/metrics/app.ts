import { counter, gauge, type Metric } from '../metric.ts'

export const appMetrics: readonly Metric[] = [
  gauge(
    'app_part_running',
    '1 while a part of this process runs, else 0.',
    (w) =>
      Object.entries(w.parts()).map(([part, state]) => ({
        labels: { part },
        value: state === 'running' ? 1 : 0,
      })),
    ['part'],
  ),
  gauge(
    'app_thread_busy_ratio',
    'Share of time the event loop of a thread was busy lately, 0–1.',
    (w) =>
      w
        .threads()
        .flatMap(({ name, status }) =>
          status === null ? [] : [{ labels: { thread: name }, value: status.busyShare }],
        ),
    ['thread'],
  ),
  gauge(
    'app_thread_heap_bytes',
    'Heap in use of a thread.',
    (w) =>
      w
        .threads()
        .flatMap(({ name, status }) =>
          status === null ? [] : [{ labels: { thread: name }, value: status.heapBytes }],
        ),
    ['thread'],
  ),
  counter(
    'app_configuration_reloads',
    'Times the configuration was read again, by outcome.',
    (w) => Object.entries(w.reloads()).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ['outcome'],
  ),
]
