import type { Behaviour } from '../records/anomaly.ts'
import { formatTime, type TimeUs } from '../records/time.ts'
import type { Station } from './packets.ts'

/** What really happened: one behaviour of one attack, for those who check what was noticed. */
export interface Label {
  readonly behaviour: Behaviour
  readonly variant: string
  readonly offender: Station
  /** Null where the attack is aimed at a network, or at nobody. */
  readonly victim: Station | null
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
  /** Whether it is to be noticed at the level at which people are notified. */
  readonly isNotified: boolean
}

/** One label as a line of the labels file. */
export function labelLine(label: Label): string {
  const { behaviour, variant, offender, victim, fromUs, toUs, isNotified } = label
  return JSON.stringify({
    behaviour,
    variant,
    offender: partyOf(offender),
    victim: victim === null ? null : partyOf(victim),
    from: formatTime(fromUs),
    to: formatTime(toUs),
    isNotified,
  })
}

function partyOf({ ip, mac }: Station) {
  return { ip, mac }
}
