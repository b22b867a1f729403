import { z } from 'zod'
import { severities } from '../records/alert.ts'
import { behaviours } from '../records/anomaly.ts'

/** A secret: written out, or the name of the environment variable or file that holds it. Read once, at the start. */
export const secretSchema = z.union([
  z.string().min(1).describe('the secret itself'),
  z.strictObject({ env: z.string().min(1).describe('environment variable that holds it') }),
  z.strictObject({
    file: z.string().min(1).describe('file that holds it; white space around it is dropped'),
  }),
])
export type Secret = z.infer<typeof secretSchema>

const routeSchema = z
  .strictObject({
    severityMin: z.enum(severities).default('medium').describe('least severity it is told of'),
    behaviours: z
      .array(z.enum(behaviours))
      .min(1)
      .nullable()
      .default(null)
      .describe('behaviours it is told of; null: all'),
    sites: z
      .array(z.string().min(1))
      .min(1)
      .nullable()
      .default(null)
      .describe('sites it is told of; null: all'),
    groupWaitSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(60)
      .describe(
        'the first page about a device goes at once; pages about it that follow sooner go together when this has passed. Critical ones never wait',
      ),
  })
  .describe('which alerts it is told of')
  .prefault({})

const timeoutSeconds = z
  .number()
  .positive()
  .max(60)
  .default(10)
  .describe('how long an attempt may take')

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63')
    .describe('its name: part of every key, so a new name is a new receiver'),
  route: routeSchema,
  timeoutSeconds,
}
const sendersMax = (usual: number) =>
  z.number().int().min(1).max(32).default(usual).describe('deliveries under way at a time')

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .refine((text) => !URL.canParse(text) || isWithoutCredentials(new URL(text)), {
    error: 'must not carry a user or password',
  })

function isWithoutCredentials({ username, password }: URL): boolean {
  return username === '' && password === ''
}

const webhookSchema = z.strictObject({
  kind: z.literal('webhook').describe('an HTTP endpoint, signed by Standard Webhooks'),
  ...common,
  url: httpUrl.describe('where events are posted'),
  secret: secretSchema.describe('shared secret, `whsec_` and base64: signs each event'),
  workersMax: sendersMax(4),
})

const pagerDutySchema = z.strictObject({
  kind: z.literal('pagerduty').describe('PagerDuty, Events API v2'),
  ...common,
  routingKey: secretSchema.describe('integration key of the service'),
  url: httpUrl
    .default('https://events.pagerduty.com/v2/enqueue')
    .describe('endpoint; the one of the EU region is https://events.eu.pagerduty.com/v2/enqueue'),
  workersMax: sendersMax(2),
})

const smtpSchema = z.strictObject({
  kind: z.literal('smtp').describe('mail'),
  ...common,
  timeoutSeconds: timeoutSeconds.default(30),
  host: z.string().min(1).describe('mail server that takes the mail'),
  port: z.number().int().min(1).max(65_535).default(587).describe('its port'),
  security: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe('`starttls` is required once chosen; `none` sends everything readable'),
  user: z.string().min(1).nullable().default(null).describe('user of the mail server'),
  password: secretSchema.nullable().default(null).describe('password of that user'),
  from: z.email().describe('address mails come from'),
  to: z.array(z.email()).min(1).max(50).describe('addresses mails go to'),
  workersMax: sendersMax(1),
})

/** One receiver of notifications. */
export const receiverSchema = z.discriminatedUnion('kind', [
  webhookSchema,
  pagerDutySchema,
  smtpSchema,
])
export type ReceiverConfig = z.output<typeof receiverSchema>
export type WebhookConfig = z.output<typeof webhookSchema>
export type PagerDutyConfig = z.output<typeof pagerDutySchema>
export type SmtpConfig = z.output<typeof smtpSchema>

/** How often, and for how long, a delivery is tried. */
export const deliverySchema = z.strictObject({
  retrySecondsBase: z
    .number()
    .positive()
    .default(2)
    .describe('longest wait before the second attempt; it doubles with each one'),
  retrySecondsMax: z.number().positive().default(60).describe('longest wait between attempts'),
  retriesMax: z
    .number()
    .int()
    .min(0)
    .default(5000)
    .describe('attempts after the first; then it is a dead letter'),
  ageHoursMax: z
    .number()
    .positive()
    .default(24)
    .describe('age at which what was not delivered is a dead letter'),
  keptDays: z
    .number()
    .positive()
    .default(90)
    .describe('how long deliveries of closed alerts are remembered; dead letters stay'),
})
export type DeliveryConfig = z.output<typeof deliverySchema>

/** The configuration without its secrets, to be shown. */
export function withoutSecrets(receiver: ReceiverConfig): ReceiverConfig {
  switch (receiver.kind) {
    case 'webhook':
      return { ...receiver, secret: hidden(receiver.secret) }
    case 'pagerduty':
      return { ...receiver, routingKey: hidden(receiver.routingKey) }
    case 'smtp':
      return {
        ...receiver,
        password: receiver.password === null ? null : hidden(receiver.password),
      }
  }
}

function hidden(secret: Secret): Secret {
  return typeof secret === 'string' ? '[redacted]' : secret
}
