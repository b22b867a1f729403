import { z } from 'zod'

/** What became of an alert, in the order in which people are asked. */
export const verdicts = ['true', 'benign-expected', 'false', 'duplicate'] as const
export type Verdict = (typeof verdicts)[number]

/** Revision of the row in the newest state the person has seen: what another person did after it is a conflict. */
const revision = z.int().min(1).describe('newest revision of the row that the person has seen')

const reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'one line')
  .describe('why, in one line')

/** What a person does to an alert (docs/decisions/0018). Body of the request that the page sends. */
export const alertActionSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('acknowledge').describe('somebody has seen it'), revision }),
  z.strictObject({ action: z.literal('start').describe('somebody works on it'), revision }),
  z.strictObject({
    action: z.literal('close'),
    revision,
    verdict: z.enum(verdicts).describe('`benign-expected` approves what it was about'),
    reason,
  }),
  z.strictObject({ action: z.literal('reopen').describe('closed too early'), revision }),
  z.strictObject({
    action: z.literal('undo').describe('the last action, whoever did it'),
    revision,
  }),
])
export type AlertAction = z.infer<typeof alertActionSchema>

/** Words of an alert's history: what people do, and `escalate`: the program reopened it because it grew worse. */
export const historyActions = [
  'acknowledge',
  'start',
  'close',
  'reopen',
  'undo',
  'escalate',
] as const
export type HistoryAction = (typeof historyActions)[number]
