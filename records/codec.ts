import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { type AnomalyMessage, anomalyMessageSchema } from './anomaly.ts'
import { decodeBatch, encodeBatch } from './batch-codec.ts'
import { controlCommandSchema } from './control.ts'
import { WardwatchError } from './errors.ts'
import { flowBatchFormat } from './flow-batch.ts'
import type { ObservationMessage } from './observation.ts'
import { summaryBatchFormat } from './summary-batch.ts'

// An observation on the bus (docs/formats/observation.md), little endian:
//
//   0        4          8         12              16                  20       20+h    20+h+f
//   | magic  | CRC-32   | h: u32  | flows f: u32  | summaries s: u32  | header | flows | summaries |
//
// The CRC covers everything after it; the header is JSON, the batches are Arrow IPC streams, absent when their length is 0.

/** "WWO1" read as a little-endian u32. */
const magic = 0x314f5757
const frameLength = 20

const captureSchema = z.object({
  downSinceUs: z.number().nullable(),
  gaps: z.number(),
  gapUs: z.number(),
  lastGap: z.object({ fromUs: z.number(), toUs: z.number(), cause: z.string() }).nullable(),
})

const healthSchema = z.object({
  startedUs: z.number(),
  packets: z.number(),
  bytes: z.number(),
  flows: z.number(),
  dropped: z.number(),
  rejects: z.record(z.string(), z.number()),
  duplicates: z.number(),
  clamped: z.number(),
  oneWayFlows: z.number(),
  judgedFlows: z.number(),
  capture: captureSchema.exactOptional(),
})

const headerSchema = z.object({
  kind: z.enum(['data', 'clock', 'recording', 'end', 'control']),
  site: z.string().min(1),
  sensor: z.string().min(1),
  run: z.string().min(1),
  sequence: z.number().int().min(1),
  clockUs: z.number(),
  health: healthSchema,
  recording: z.object({ name: z.string(), teaches: z.boolean() }).exactOptional(),
  command: controlCommandSchema.exactOptional(),
})

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

export function encodeObservation(message: ObservationMessage): Uint8Array {
  const { flows, summaries, ...header } = message
  const head = utf8Encoder.encode(JSON.stringify(header))
  const flowBytes = flows === null ? noBytes : encodeBatch(flowBatchFormat, flows)
  const summaryBytes = summaries === null ? noBytes : encodeBatch(summaryBatchFormat, summaries)
  const bytes = new Uint8Array(frameLength + head.length + flowBytes.length + summaryBytes.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(8, head.length, true)
  view.setUint32(12, flowBytes.length, true)
  view.setUint32(16, summaryBytes.length, true)
  bytes.set(head, frameLength)
  bytes.set(flowBytes, frameLength + head.length)
  bytes.set(summaryBytes, frameLength + head.length + flowBytes.length)
  view.setUint32(4, crc32(bytes.subarray(8)), true)
  return bytes
}

const noBytes = new Uint8Array(0)

/** @throws WardwatchError RECORD_MALFORMED or RECORD_VERSION_UNKNOWN; retrying is no use: quarantine the message. */
export function decodeObservation(bytes: Uint8Array): ObservationMessage {
  if (bytes.length < frameLength) throw malformed('shorter than its frame')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw malformed('not an observation')
  // Arrow believes whatever lengths it reads: nothing damaged may get that far.
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8))) throw malformed('checksum differs')
  const headLength = view.getUint32(8, true)
  const flowLength = view.getUint32(12, true)
  const summaryLength = view.getUint32(16, true)
  const flowStart = frameLength + headLength
  if (flowStart + flowLength + summaryLength !== bytes.length)
    throw malformed('lengths do not add up')
  const header = parseJson(headerSchema, bytes.subarray(frameLength, flowStart))
  // Arrow wants aligned buffers; slice() copies to the start of a new one.
  const flows = bytes.slice(flowStart, flowStart + flowLength)
  const summaries = bytes.slice(flowStart + flowLength)
  return {
    ...header,
    flows: flowLength === 0 ? null : decodeBatch(flowBatchFormat, flows),
    summaries: summaryLength === 0 ? null : decodeBatch(summaryBatchFormat, summaries),
  }
}

export function encodeAnomalyMessage(message: AnomalyMessage): Uint8Array {
  return utf8Encoder.encode(JSON.stringify(message))
}

/** @throws WardwatchError RECORD_MALFORMED: quarantine the message. */
export function decodeAnomalyMessage(bytes: Uint8Array): AnomalyMessage {
  return parseJson(anomalyMessageSchema, bytes)
}

function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  let json: unknown
  try {
    json = JSON.parse(utf8Decoder.decode(bytes))
  } catch (cause) {
    throw new WardwatchError('RECORD_MALFORMED', 'not JSON', { cause })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new WardwatchError('RECORD_MALFORMED', z.prettifyError(parsed.error))
  return parsed.data
}

function malformed(what: string): WardwatchError {
  return new WardwatchError('RECORD_MALFORMED', `observation: ${what}`)
}
