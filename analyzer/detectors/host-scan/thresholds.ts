import { z } from 'zod'
import { perClass } from '../../detector.ts'

const thresholds = z.strictObject({
  hostsMin: z
    .int()
    .min(2)
    .describe(
      'hosts that failed or refused a first contact within windowSeconds; an answered first contact takes one off',
    ),
  windowSeconds: z.number().positive().describe('how close together those must be'),
  hostsSlowMin: z.int().min(2).describe('the same, within windowSlowSeconds'),
  windowSlowSeconds: z
    .number()
    .positive()
    .describe('how close together the hosts of a slow scan must be'),
  arpTargetsMin: z
    .int()
    .min(2)
    .describe('addresses asked for by ARP or neighbour solicitation within arpWindowSeconds'),
  arpWindowSeconds: z.number().positive().describe('how close together those must be'),
  icmpTargetsMin: z
    .int()
    .min(2)
    .describe('hosts sent an echo request within icmpWindowSeconds, answered or not'),
  icmpWindowSeconds: z.number().positive().describe('how close together those must be'),
  score: z
    .number()
    .min(0)
    .max(1)
    .describe('weight of the behaviour: medium from 0.6, high from 0.75'),
})
export type Thresholds = z.output<typeof thresholds>

const windows = {
  windowSeconds: 1800,
  windowSlowSeconds: 86_400,
  arpWindowSeconds: 30,
  icmpWindowSeconds: 60,
}
const declared = {
  ...windows,
  hostsMin: 60,
  hostsSlowMin: 60,
  arpTargetsMin: 60,
  icmpTargetsMin: 60,
  score: 0.65,
}

/** What makes a host scan, by the class of the scanning device. */
export const hostScanConfig = perClass(thresholds, {
  unknown: {
    ...windows,
    hostsMin: 8,
    hostsSlowMin: 8,
    arpTargetsMin: 30,
    icmpTargetsMin: 10,
    score: 0.65,
  },
  medical: {
    ...windows,
    hostsMin: 4,
    hostsSlowMin: 4,
    arpTargetsMin: 15,
    icmpTargetsMin: 5,
    score: 0.8,
  },
  server: declared,
  scanner: declared,
})
