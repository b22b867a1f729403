import type { Behaviour } from '../../records/anomaly.ts'
import { accesses } from './accesses.ts'
import type { Attack } from './attack.ts'
import { destinations } from './destinations.ts'
import { hostScans } from './host-scans.ts'
import { loginBursts, loginsAfterBursts } from './logins.ts'
import { newcomers } from './newcomers.ts'
import { portScans } from './port-scans.ts'

/** Every attack the simulator knows. */
export const attacks: readonly Attack[] = [
  ...destinations,
  ...hostScans,
  ...loginBursts,
  ...loginsAfterBursts,
  ...accesses,
  ...newcomers,
  ...portScans,
]

/** Behaviours that there are attacks for, in the order of names. */
export const attackedBehaviours: readonly Behaviour[] = [
  ...new Set(attacks.map(({ behaviour }) => behaviour)),
].sort()
