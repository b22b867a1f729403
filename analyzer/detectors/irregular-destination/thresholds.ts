import { z } from 'zod'
import { perClass } from '../../detector.ts'

const thresholds = z.strictObject({
  scoreNew: z.number().min(0).max(1).describe('weight of a destination that is new for the device'),
  scoreExternal: z
    .number()
    .min(0)
    .max(1)
    .describe('added when it lies outside the monitored networks'),
  scoreUnnamed: z
    .number()
    .min(0)
    .max(1)
    .describe('added when it is external and the device never looked up its name'),
  scoreMax: z
    .number()
    .min(0)
    .max(1)
    .describe('most that novelty alone can reach: it may notify, never page'),
  nameWaitSeconds: z
    .number()
    .positive()
    .max(2)
    .describe('how long to wait for the name in a TLS hello before judging'),
  udpPacketsMin: z.int().min(1).describe('UDP packets each way that make an exchange'),
})
export type Thresholds = z.output<typeof thresholds>

const defaults: z.input<typeof thresholds> = {
  scoreNew: 0.35,
  scoreExternal: 0.2,
  scoreUnnamed: 0.1,
  scoreMax: 0.6,
  nameWaitSeconds: 2,
  udpPacketsMin: 2,
}

/** What novelty weighs, by the class of the device. */
export const destinationConfig = perClass(thresholds, {
  unknown: defaults,
  medical: defaults,
  server: defaults,
  scanner: defaults,
})
