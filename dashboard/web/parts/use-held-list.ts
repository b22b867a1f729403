import { useState } from 'react'
import type { Alert } from '../../api.ts'
import { changeHold, type HeldList, holdList, type HoldReason, noHold } from '../data/held-list.ts'

/** The list with its reasons to stand still. `release` shows what waits; the reasons stay. */
export function useHeldList(
  newest: readonly Alert[],
  known: ReadonlyMap<string, Alert>,
): {
  readonly list: HeldList
  readonly reasons: ReadonlySet<HoldReason>
  readonly hold: (reason: HoldReason, isHolding: boolean) => void
  readonly release: () => void
} {
  const [held, setHeld] = useState(noHold)
  const idsNow = newest.map((alert) => alert.id)
  return {
    list: holdList(newest, held.ids, known),
    reasons: held.reasons,
    // From the state before, not from the state as drawn: two events may come between two drawings.
    hold: (reason, isHolding) => setHeld((before) => changeHold(before, reason, isHolding, idsNow)),
    release: () => setHeld((before) => ({ ...before, ids: before.ids && idsNow })),
  }
}
