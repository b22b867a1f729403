import { z } from 'zod'
import { formatIp, formatMac, parseIp } from '../records/address.ts'
import type { FlowAnswer, FlowQuery, StoredFlow } from '../store/flow-store.ts'

// A question and its answer as lines of JSON, between a service and the command line.

export const flowQuerySchema = z.strictObject({
  device: z.string().min(1).max(300),
  peer: z.string().min(1).max(300).exactOptional(),
  fromUs: z.number().exactOptional(),
  toUs: z.number().exactOptional(),
  limit: z.number().int().min(1),
}) satisfies z.ZodType<FlowQuery>

/** A flow with its addresses as text; `null` payload: no packets were seen. */
export function flowToJson(flow: StoredFlow) {
  return {
    ...flow,
    origIp: formatIp(flow.origIp),
    respIp: formatIp(flow.respIp),
    origMac: formatMac(flow.origMac),
    respMac: formatMac(flow.respMac),
    // JSON has no NaN and would write null by itself; the type says so.
    origPayloadBytes: Number.isNaN(flow.origPayloadBytes) ? null : flow.origPayloadBytes,
    respPayloadBytes: Number.isNaN(flow.respPayloadBytes) ? null : flow.respPayloadBytes,
  }
}
export type FlowJson = ReturnType<typeof flowToJson>

export type AnswerJson = Omit<FlowAnswer, 'flows'> & { readonly flows: readonly FlowJson[] }

export function answerToJson(answer: FlowAnswer): AnswerJson {
  return { ...answer, flows: answer.flows.map(flowToJson) }
}

/** Reverses `answerToJson`; what it reads was written by the same program. */
export function answerFromJson(answer: AnswerJson): FlowAnswer {
  return { ...answer, flows: answer.flows.map(flowFromJson) }
}

function flowFromJson(flow: FlowJson): StoredFlow {
  return {
    ...flow,
    origIp: parseIp(flow.origIp) ?? new Uint8Array(16),
    respIp: parseIp(flow.respIp) ?? new Uint8Array(16),
    origMac: macBytes(flow.origMac),
    respMac: macBytes(flow.respMac),
    origPayloadBytes: flow.origPayloadBytes ?? NaN,
    respPayloadBytes: flow.respPayloadBytes ?? NaN,
  }
}

function macBytes(text: string | null): Uint8Array {
  return text === null
    ? new Uint8Array(6)
    : Uint8Array.from(text.split(':'), (part) => parseInt(part, 16))
}
