import { z } from 'zod'

/** Configuration of the engine: what is not a detector's own. */
export const engineConfigSchema = z.strictObject({
  hostsMax: z
    .number()
    .int()
    .min(16)
    .default(200_000)
    .describe(
      'hosts kept by one worker over all its partitions; beyond it those without an established baseline go, longest unseen first',
    ),
  timeZone: z
    .string()
    .default('UTC')
    .refine(isTimeZone, 'not an IANA time zone')
    .describe('IANA time zone of the site, for what is usual by day, evening and night'),
  siteLearningDays: z
    .number()
    .positive()
    .default(7)
    .describe(
      'days a sensor must have run before what is new at its site means something; a --learn recording counts at once',
    ),
  learning: z
    .strictObject({
      daysMin: z
        .number()
        .int()
        .min(1)
        .default(7)
        .describe('days with traffic before a host is established, one on a weekend'),
      activeHoursMin: z
        .number()
        .int()
        .min(1)
        .default(50)
        .describe('hours with traffic before a host is established'),
      daysMax: z
        .number()
        .int()
        .min(1)
        .default(28)
        .describe('days after which an unsettled host is established all the same, as thin'),
    })
    .describe('when the baseline of a host means something')
    .prefault({}),
  oneWayShareMax: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe(
      'share of one-way flows above which a sensor is taken to see one direction only (0–1)',
    ),
  oneWayFlowsMin: z
    .number()
    .int()
    .min(1)
    .default(20)
    .describe('flows judged before that share means anything'),
})
export type EngineConfig = z.infer<typeof engineConfigSchema>

/** Configuration of the analyzer; `detectors` holds each detector's own thresholds by behaviour. */
export const analyzerConfigSchema = z.strictObject({
  engine: engineConfigSchema.describe('what the detectors stand on').prefault({}),
  checkpointSeconds: z
    .number()
    .positive()
    .max(60)
    .default(60)
    .describe('most seconds between two checkpoints of a partition'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe(
      'threads that judge, with a bus in memory; null: one less than the cores, at least one',
    ),
  group: z.string().min(1).default('wardwatch-analyzer').describe('consumer group on the bus'),
  detectors: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('thresholds by behaviour, see docs/detectors/'),
})
export type AnalyzerConfig = z.infer<typeof analyzerConfigSchema>

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
