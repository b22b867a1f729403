import { z } from 'zod'

const common = {
  version: z.literal(1),
  id: z.string().min(1).describe('names the command; a command is applied once'),
  site: z.string().min(1),
  effectiveUs: z.number().int().describe('event time from which it holds, µs since the epoch'),
  by: z.string().describe('who decided'),
  reason: z.string().default(''),
}

/** Everything people change that bears on detection: recorded on the `control` topic and replayed as input. */
export const controlCommandSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('same-device').describe('the new key starts from the profile of the old one'),
    oldKey: z.string().min(1),
    newKey: z.string().min(1),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('approve').describe('the relation is usual for this host from now on'),
    host: z.string().min(1),
    relation: z.string().min(1).describe('relation key as analyzer/device-baseline.ts writes it'),
  }),
])

export type ControlCommand = z.infer<typeof controlCommandSchema>
