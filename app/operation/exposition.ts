import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Watched } from './watched.ts'
import { metrics } from './metrics/index.ts'

/** Text format of Prometheus over what the parts count: read when somebody asks, nothing is kept twice. */
export function createExposition(watched: Watched): {
  text(): Promise<{ readonly type: string; readonly text: string }>
} {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name, kind, help, labels, read } of metrics) {
    const options = { name, help, labelNames: [...labels], registers: [registry] }
    if (kind === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...options,
        collect() {
          gauge.reset()
          // Without labels a reset leaves a 0, which would be taken for one that was counted.
          if (labels.length === 0) gauge.remove()
          for (const sample of read(watched)) gauge.set(sample.labels, sample.value)
        },
      })
      continue
    }
    const counter: Counter = new Counter({
      ...options,
      // The parts count since their start; here it is only repeated.
      collect() {
        counter.reset()
        for (const sample of read(watched)) counter.inc(sample.labels, sample.value)
      },
    })
  }
  return {
    text: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}
