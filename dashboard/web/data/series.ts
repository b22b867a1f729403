import type { DeviceSeries } from '../../api.ts'

/** What a chart draws: moments in seconds, and bytes a second either way; null where a step is not over. */
export interface ChartData {
  readonly times: readonly number[]
  readonly sent: readonly number[]
  readonly received: readonly number[]
}

/** Every step of the range, those without traffic at zero. */
export function chartDataOf(series: DeviceSeries): ChartData {
  const { fromMs, toMs, stepMinutes, traffic } = series
  const stepMs = stepMinutes * 60_000
  const firstMs = Math.floor(fromMs / stepMs) * stepMs
  const count = Math.max(1, Math.ceil((toMs - firstMs) / stepMs))
  const times = Array.from({ length: count }, (_, i) => (firstMs + i * stepMs) / 1000)
  const sent = new Array<number>(count).fill(0)
  const received = new Array<number>(count).fill(0)
  for (const { startMs, direction, ipBytes } of traffic) {
    const at = Math.round((startMs - firstMs) / stepMs)
    if (at < 0 || at >= count) continue
    const values = direction === 'out' ? sent : received
    values[at] = (values[at] ?? 0) + ipBytes / (stepMinutes * 60)
  }
  return { times, sent, received }
}

export interface TrafficTotals {
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly flows: number
  /** Highest step, either way, bytes a second. */
  readonly peak: number
}

export function totalsOf(series: DeviceSeries): TrafficTotals {
  let [sentBytes, receivedBytes, flows, peak] = [0, 0, 0, 0]
  for (const step of series.traffic) {
    if (step.direction === 'out') sentBytes += step.ipBytes
    else receivedBytes += step.ipBytes
    flows += step.flows
    peak = Math.max(peak, step.ipBytes / (series.stepMinutes * 60))
  }
  return { sentBytes, receivedBytes, flows, peak }
}

/** Services by what they carried, both directions together; the largest first. */
export function servicesOf(
  series: DeviceSeries,
): { readonly service: string; readonly ipBytes: number; readonly flows: number }[] {
  const sums = new Map<string, { service: string; ipBytes: number; flows: number }>()
  for (const { service, ipBytes, flows } of series.services) {
    const sum = sums.get(service) ?? { service, ipBytes: 0, flows: 0 }
    sums.set(service, { service, ipBytes: sum.ipBytes + ipBytes, flows: sum.flows + flows })
  }
  return [...sums.values()].sort((a, b) => b.ipBytes - a.ipBytes)
}
