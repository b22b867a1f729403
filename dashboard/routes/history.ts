import type { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { flowToEcs } from '../../records/ecs.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { parseHostKey } from '../../records/observation.ts'
import { formatTime } from '../../records/time.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import type { FlowLookup, StoredFlow } from '../../store/flow-store.ts'
import { type SeriesStore, seriesStepsMax } from '../../store/series-store.ts'
import {
  type DeviceSeries,
  type FlowAnswer,
  type FlowLine,
  flowQuerySchema,
  seriesQuerySchema,
} from '../api.ts'
import { auditOf } from '../audit.ts'
import { defineRoute, Refusal, type Route } from '../http/route.ts'

/** What the history lends the dashboard; null where this installation keeps none. */
export interface HistoryDeps {
  readonly series: Pick<SeriesStore, 'series' | 'services'> | null
  readonly lookup: FlowLookup | null
  readonly audit: Pick<AuditStore, 'record'>
  /** Wall clock in ms. */
  readonly now: () => number
}

/** What a device did: its series, and its flows. Each look-up of flows is written down before it is answered. */
export function historyRoutes(deps: HistoryDeps): Route[] {
  const { series, lookup, audit, now } = deps
  return [
    defineRoute({
      method: 'GET',
      path: '/api/devices/:key/series',
      requires: 'read',
      query: seriesQuerySchema,
      handle: async ({ params, query }) => {
        if (series === null) throw new Refusal(404, 'no series are kept by this installation')
        return { json: await seriesOf(series, params['key'] ?? '', query) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/devices/:key/flows',
      requires: 'read',
      query: flowQuerySchema,
      handle: async (call, caller) => {
        if (lookup === null) throw new Refusal(404, 'no flows are kept by this installation')
        const device = call.params['key'] ?? ''
        const what = { atMs: now(), action: 'history.look-up', object: device }
        await audit.record(auditOf(caller, call, { ...what, details: { ...call.query } }))
        return { json: await flowsOf(lookup, device, call.query) }
      },
    }),
  ]
}

async function seriesOf(
  store: Pick<SeriesStore, 'series' | 'services'>,
  device: string,
  query: z.output<typeof seriesQuerySchema>,
): Promise<DeviceSeries> {
  const { stepMinutes } = query
  const [fromUs, toUs] = rangeOf(query)
  if ((toUs - fromUs) / (stepMinutes * 60e6) > seriesStepsMax)
    throw new Refusal(400, `stepMinutes: more than ${seriesStepsMax} steps, ask for longer ones`)
  const question = { site: parseHostKey(device).site, devices: [device], fromUs, toUs }
  const { traffic, scores } = await store.series({ ...question, stepMinutes })
  const services = await store.services(question)
  return {
    fromMs: fromUs / 1000,
    toMs: toUs / 1000,
    stepMinutes,
    traffic: traffic.map(({ startUs, ...step }) => ({ startMs: startUs / 1000, ...step })),
    scores: scores.map(({ startUs, scoreMax }) => ({ startMs: startUs / 1000, scoreMax })),
    services: services.map(({ service, direction, flows, ipBytes }) => {
      return { service, direction, flows, ipBytes }
    }),
  }
}

function rangeOf({ from, to }: { from: string; to: string }): [number, number] {
  const [fromUs, toUs] = [Date.parse(from) * 1000, Date.parse(to) * 1000]
  if (!(fromUs < toUs)) throw new Refusal(400, 'from must be before to')
  return [fromUs, toUs]
}

async function flowsOf(
  lookup: FlowLookup,
  device: string,
  query: z.output<typeof flowQuerySchema>,
): Promise<FlowAnswer> {
  const { from, to, peer, limit } = query
  try {
    const { flows, totals, visibility } = await lookup({
      device,
      limit,
      ...(peer === undefined || peer === '' ? {} : { peer }),
      ...(from === undefined ? {} : { fromUs: Date.parse(from) * 1000 }),
      ...(to === undefined ? {} : { toUs: Date.parse(to) * 1000 }),
    })
    const { fromUs, toUs, gaps } = visibility
    return {
      flows: flows.map((flow) => lineOf(flow, device)),
      totals: {
        flows: totals.flows,
        ipBytesOut: totals.ipBytesOut,
        ipBytesIn: totals.ipBytesIn,
      },
      visibility: {
        from: fromUs === null ? null : formatTime(fromUs),
        to: toUs === null ? null : formatTime(toUs),
        gaps: gaps.map((gap) => ({
          sensor: gap.sensor,
          from: formatTime(gap.fromUs),
          to: formatTime(gap.toUs),
          reason: gap.reason,
        })),
      },
    }
  } catch (error) {
    // A peer that is no address, a range that is empty: the words of whoever asked.
    if (isWardwatchError(error, 'BAD_USAGE')) throw new Refusal(400, error.message)
    // Whoever keeps the history does not answer, or not now: its words say what to do.
    if (isWardwatchError(error)) throw new Refusal(503, error.message, null, { cause: error })
    throw error
  }
}

function lineOf(flow: StoredFlow, device: string): FlowLine {
  const { network } = flowToEcs(flow)
  const hasPorts = flow.protocol === 6 || flow.protocol === 17 || flow.protocol === 132
  const end = (ip: Uint8Array, port: number, key: string | null) => ({
    address: formatIp(ip),
    port: hasPorts ? port : null,
    key,
  })
  return {
    communityId: network.community_id,
    start: formatTime(flow.startUs),
    end: formatTime(flow.lastUs),
    transport: network.transport,
    service: flow.service,
    orig: end(flow.origIp, flow.origPort, flow.origKey),
    resp: end(flow.respIp, flow.respPort, flow.respKey),
    isOutgoing: flow.origKey === device,
    origPackets: flow.origPackets,
    respPackets: flow.respPackets,
    origIpBytes: flow.origIpBytes,
    respIpBytes: flow.respIpBytes,
    state: flow.connState,
    sensor: flow.sensor,
  }
}
