import { z } from 'zod'
import { perClass } from '../../detector.ts'

/** Services and callers named in one finding. */
export const namedMax = 8

const weight = z.number().min(0).max(1)
const thresholds = z.strictObject({
  administrativeServices: z
    .array(z.string())
    .describe(
      'services that only hosts with one of administratorRoles may use on such a host, unless a rule allows it',
    ),
  administratorRoles: z
    .array(z.string())
    .describe('declared roles that may administer such a host, and reach it from outside'),
  isInternetForbidden: z
    .boolean()
    .describe('whether a contact from an unmonitored address is a violation'),
  scoreRule: weight.describe('weight of a contact that a declared rule forbids'),
  scoreAdministration: weight.describe('weight of administration by another host'),
  scoreInternet: weight.describe(
    'weight of a contact from an unmonitored address: critical from 0.85',
  ),
  scoreCaller: weight.describe('weight of an unknown DICOM calling title or HL7 sender'),
  callersGuessedMin: z
    .int()
    .min(2)
    .max(namedMax)
    .describe('different unknown names of one source that make its refused attempts guesses'),
  scoreGuessing: weight.describe('weight of refused attempts under that many names'),
  attemptFactor: weight.describe(
    'factor on the weight where the contact was not answered, or refused by the application',
  ),
  windowSeconds: z
    .number()
    .positive()
    .describe('contacts of one source with no longer pause are one anomaly'),
})
export type Thresholds = z.output<typeof thresholds>

const usual = {
  administrativeServices: [],
  administratorRoles: ['biomed-jump', 'vendor-gateway'],
  isInternetForbidden: false,
  scoreRule: 0.65,
  scoreAdministration: 0.65,
  scoreInternet: 0.9,
  scoreCaller: 0.8,
  callersGuessedMin: 3,
  scoreGuessing: 0.65,
  attemptFactor: 0.5,
  windowSeconds: 600,
}
const administrativeServices = ['adb', 'rdp', 'rlogin', 'smb', 'ssh', 'telnet', 'vnc', 'winrm']

/** What weighs how much, by the class of the device that is reached. */
export const accessConfig = perClass(thresholds, {
  unknown: usual,
  medical: {
    ...usual,
    administrativeServices,
    isInternetForbidden: true,
    scoreRule: 0.8,
    scoreAdministration: 0.75,
  },
  server: usual,
  scanner: usual,
})
