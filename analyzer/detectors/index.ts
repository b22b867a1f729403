import type { Detector } from '../detector.ts'
import { hostScan } from './host-scan.ts'
import { irregularDestination } from './irregular-destination.ts'
import { loginAfterBurst } from './login-after-burst.ts'
import { loginBurst } from './login-burst.ts'
import { newDevice } from './new-device.ts'
import { portScan } from './port-scan.ts'
import { unauthorizedAccess } from './unauthorized-access.ts'

/** Every detector, one line each, by name: the engine runs them in this order (npm run new:detector adds a line). */
export const detectors: readonly Detector[] = [
  hostScan,
  irregularDestination,
  loginAfterBurst,
  loginBurst,
  newDevice,
  portScan,
  unauthorizedAccess,
]
