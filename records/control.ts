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
  z.strictObject({
    ...common,
    kind: z
      .literal('unapprove')
      .describe('takes an `approve` back: the relation is as usual as its traffic has made it'),
    host: z.string().min(1),
    relation: z.string().min(1),
  }),
  z.strictObject({
    ...common,
    kind: z
      .literal('profile')
      .describe(
        'answer of the partition of the old key to `same-device`: what the host starts from',
      ),
    host: z.string().min(1).describe('the new key'),
    profile: z.base64().describe('baseline section as analyzer/section.ts encodes it'),
  }),
])

export type ControlCommand = z.infer<typeof controlCommandSchema>
