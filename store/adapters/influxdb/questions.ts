import {
  flux,
  fluxDateTime,
  fluxDuration,
  fluxExpression,
  fluxString,
  type QueryApi,
  toFluxValue,
} from '@influxdata/influxdb-client'
import { z } from 'zod'
import {
  allServices,
  type ScoreStep,
  type SeriesAnswer,
  seriesDirections,
  type SeriesQuestion,
  type SeriesStep,
  type ServiceTotal,
} from '../../series-store.ts'

const timeSchema = z.string().transform((text) => Date.parse(text) * 1000)
const valueRow = z.object({
  _time: timeSchema,
  _field: z.enum(['flows', 'packets', 'ip_bytes', 'new_peers', 'peers']),
  _value: z.number(),
  direction: z.enum(seriesDirections),
})
const scoreRow = z.object({ _time: timeSchema, _value: z.number() })
const totalRow = z.object({
  service: z.string(),
  direction: z.enum(seriesDirections),
  _field: z.enum(['flows', 'packets', 'ip_bytes']),
  _value: z.number(),
})

/** The questions of series-store.ts in Flux; their times are on whole steps. Errors are the client's. */
export function createQuestions(api: QueryApi, bucket: string) {
  function points(measurement: string, q: Omit<SeriesQuestion, 'stepMinutes'>) {
    const time = (timeUs: number) => fluxDateTime(new Date(timeUs / 1000).toISOString())
    const devices = q.devices.map((device) => `r.device == ${toFluxValue(device)}`)
    return flux`from(bucket: ${fluxString(bucket)})
  |> range(start: ${time(q.fromUs)}, stop: ${time(q.toUs)})
  |> filter(fn: (r) => r._measurement == ${fluxString(measurement)} and r.site == ${fluxString(q.site)})
  |> filter(fn: (r) => ${fluxExpression(devices.join(' or '))})`
  }
  const window = (stepMinutes: number, fn: 'sum' | 'max') =>
    flux`aggregateWindow(every: ${fluxDuration(`${stepMinutes}m`)}, fn: ${fluxExpression(fn)}, createEmpty: false, timeSrc: "_start")`

  async function traffic(q: SeriesQuestion): Promise<SeriesStep[]> {
    const rows = z.array(valueRow).parse(
      await api.collectRows(flux`points = ${points('traffic', q)}
  |> filter(fn: (r) => r.service == ${fluxString(q.service ?? allServices)})
sums = points |> filter(fn: (r) => r._field != "peers") |> ${window(q.stepMinutes, 'sum')}
most = points |> filter(fn: (r) => r._field == "peers") |> ${window(q.stepMinutes, 'max')}
union(tables: [sums, most]) |> keep(columns: ["_time", "_field", "_value", "direction"])`),
    )
    const steps = new Map<string, { -readonly [K in keyof SeriesStep]: SeriesStep[K] }>()
    for (const { _time: startUs, _field, _value, direction } of rows) {
      const key = `${startUs}|${direction}`
      const step = steps.get(key) ?? {
        startUs,
        direction,
        ...{ flows: 0, packets: 0, ipBytes: 0, newPeers: 0, peersMax: 0 },
      }
      steps.set(key, step)
      if (_field === 'peers') step.peersMax = Math.max(step.peersMax, _value)
      else step[fieldNames[_field]] += _value
    }
    return [...steps.values()].sort(
      (a, b) => a.startUs - b.startUs || (a.direction < b.direction ? -1 : 1),
    )
  }

  async function scores(q: SeriesQuestion): Promise<ScoreStep[]> {
    const rows = z.array(scoreRow).parse(
      await api.collectRows(flux`${points('score', q)}
  |> ${window(q.stepMinutes, 'max')}
  |> keep(columns: ["_time", "_value"])`),
    )
    const highest = new Map<number, number>()
    for (const { _time, _value } of rows)
      highest.set(_time, Math.max(highest.get(_time) ?? 0, _value))
    return [...highest]
      .map(([startUs, scoreMax]) => ({ startUs, scoreMax }))
      .sort((a, b) => a.startUs - b.startUs)
  }

  return {
    series: async (q: SeriesQuestion): Promise<SeriesAnswer> => ({
      traffic: await traffic(q),
      scores: await scores(q),
    }),
    async services(q: Omit<SeriesQuestion, 'service' | 'stepMinutes'>): Promise<ServiceTotal[]> {
      const rows = z.array(totalRow).parse(
        await api.collectRows(flux`${points('traffic', q)}
  |> filter(fn: (r) => r.service != ${fluxString(allServices)})
  |> filter(fn: (r) => r._field == "flows" or r._field == "packets" or r._field == "ip_bytes")
  |> sum()
  |> keep(columns: ["service", "direction", "_field", "_value"])`),
      )
      const totals = new Map<string, { -readonly [K in keyof ServiceTotal]: ServiceTotal[K] }>()
      for (const { service, direction, _field, _value } of rows) {
        const key = `${service}|${direction}`
        const total = totals.get(key) ?? { service, direction, flows: 0, packets: 0, ipBytes: 0 }
        totals.set(key, total)
        total[fieldNames[_field]] += _value
      }
      return [...totals.values()].sort(
        (a, b) =>
          b.ipBytes - a.ipBytes ||
          (a.service === b.service ? 0 : a.service < b.service ? -1 : 1) ||
          (a.direction < b.direction ? -1 : 1),
      )
    },
  }
}

const fieldNames = {
  flows: 'flows',
  packets: 'packets',
  ip_bytes: 'ipBytes',
  new_peers: 'newPeers',
} as const
