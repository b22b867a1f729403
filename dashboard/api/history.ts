import { z } from 'zod'

// What a device did: series over a long time, and single flows.

const moment = z.iso.datetime({ offset: true })

/** A range of event time; `from` is before `to`. */
const rangeFields = { from: moment, to: moment }

export const seriesQuerySchema = z.object({
  ...rangeFields,
  stepMinutes: z.coerce.number().int().min(1).max(43_200).default(5),
})

export const deviceSeriesSchema = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  stepMinutes: z.number(),
  traffic: z
    .array(
      z.object({
        startMs: z.number(),
        direction: z.enum(['in', 'out']),
        flows: z.number(),
        packets: z.number(),
        ipBytes: z.number(),
        newPeers: z.number(),
        peersMax: z.number(),
      }),
    )
    .describe('in the order of time; steps without traffic are absent'),
  scores: z.array(z.object({ startMs: z.number(), scoreMax: z.number() })),
  services: z
    .array(
      z.object({
        service: z.string(),
        direction: z.enum(['in', 'out']),
        flows: z.number(),
        ipBytes: z.number(),
      }),
    )
    .describe('over the whole range, largest first'),
})
export type DeviceSeries = z.infer<typeof deviceSeriesSchema>

export const flowQuerySchema = z.object({
  from: moment.optional(),
  to: moment.optional(),
  peer: z
    .string()
    .trim()
    .max(200)
    .optional()
    .describe('address, MAC or host key of the other side'),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
})

export const flowSchema = z.object({
  communityId: z.string().describe('Community ID v1'),
  start: z.string(),
  end: z.string(),
  transport: z.string(),
  service: z.string().nullable(),
  orig: z.object({ address: z.string(), port: z.number().nullable(), key: z.string().nullable() }),
  resp: z.object({ address: z.string(), port: z.number().nullable(), key: z.string().nullable() }),
  isOutgoing: z.boolean().describe('the device that was asked about opened it'),
  origPackets: z.number(),
  respPackets: z.number(),
  origIpBytes: z.number(),
  respIpBytes: z.number(),
  state: z.string().describe('connection state, as in Zeek’s conn.log'),
  sensor: z.string(),
})
export type FlowLine = z.infer<typeof flowSchema>

export const flowAnswerSchema = z.object({
  flows: z.array(flowSchema).describe('newest first'),
  totals: z.object({
    flows: z.number().describe('all that were found, also beyond the limit'),
    ipBytesOut: z.number().describe('sent by the device'),
    ipBytesIn: z.number(),
  }),
  visibility: z.object({
    from: z.string().nullable().describe('oldest moment that the history holds of anybody'),
    to: z.string().nullable(),
    gaps: z.array(
      z.object({ sensor: z.string(), from: z.string(), to: z.string(), reason: z.string() }),
    ),
  }),
})
export type FlowAnswer = z.infer<typeof flowAnswerSchema>
