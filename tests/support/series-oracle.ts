import type {
  SeriesQuestion,
  SeriesStep,
  ServiceTotal,
  TrafficPoint,
} from '../../store/series-store.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What a series store answers about these points, counted one by one. */
export function answerOf(points: readonly TrafficPoint[], q: SeriesQuestion): SeriesStep[] {
  const stepUs = q.stepMinutes * 60e6
  const [fromUs, toUs] = [Math.floor(q.fromUs / stepUs), Math.ceil(q.toUs / stepUs)]
  const steps = new Map<string, Mutable<SeriesStep>>()
  for (const p of points) {
    const at = Math.floor(p.minuteUs / stepUs)
    if (at < fromUs || at >= toUs || p.site !== q.site || !q.devices.includes(p.device)) continue
    if (p.service !== (q.service ?? 'all')) continue
    const step = steps.get(`${at}|${p.direction}`) ?? {
      startUs: at * stepUs,
      direction: p.direction,
      ...{ flows: 0, packets: 0, ipBytes: 0, newPeers: 0, peersMax: 0 },
    }
    steps.set(`${at}|${p.direction}`, step)
    step.flows += p.flows
    step.packets += p.packets
    step.ipBytes += p.ipBytes
    step.newPeers += p.newPeers
    step.peersMax = Math.max(step.peersMax, p.peers)
  }
  return [...steps.values()].sort(
    (a, b) => a.startUs - b.startUs || a.direction.localeCompare(b.direction),
  )
}

/** The same of a question about services. */
export function servicesOf(
  points: readonly TrafficPoint[],
  q: Omit<SeriesQuestion, 'service' | 'stepMinutes'>,
): ServiceTotal[] {
  const totals = new Map<string, Mutable<ServiceTotal>>()
  for (const p of points) {
    if (p.minuteUs < Math.floor(q.fromUs / 60e6) * 60e6 || p.minuteUs >= q.toUs) continue
    if (p.site !== q.site || !q.devices.includes(p.device) || p.service === 'all') continue
    const { service, direction } = p
    const total = totals.get(`${service}|${direction}`) ?? {
      ...{ service, direction, flows: 0, packets: 0, ipBytes: 0 },
    }
    totals.set(`${service}|${direction}`, total)
    total.flows += p.flows
    total.packets += p.packets
    total.ipBytes += p.ipBytes
  }
  return [...totals.values()].sort(
    (a, b) =>
      b.ipBytes - a.ipBytes ||
      a.service.localeCompare(b.service) ||
      a.direction.localeCompare(b.direction),
  )
}
