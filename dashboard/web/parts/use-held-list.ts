import { useState } from 'react'
import type { Alert } from '../../api.ts'
import { type HeldList, holdList } from '../data/held-list.ts'

export type HoldReason = 'paused' | 'scrolled' | 'hovered'

/** The list with its reasons to stand still. `release` shows what waits; the reasons stay. */
export function useHeldList(newest: readonly Alert[]): {
  readonly list: HeldList
  readonly reasons: ReadonlySet<HoldReason>
  readonly hold: (reason: HoldReason, isHolding: boolean) => void
  readonly release: () => void
} {
  const [reasons, setReasons] = useState<ReadonlySet<HoldReason>>(new Set())
  const [heldIds, setHeldIds] = useState<readonly string[] | null>(null)
  const idsNow = () => newest.map((alert) => alert.id)
  return {
    list: holdList(newest, heldIds),
    reasons,
    hold: (reason, isHolding) => {
      if (reasons.has(reason) === isHolding) return
      const next = new Set(reasons)
      if (isHolding) next.add(reason)
      else next.delete(reason)
      setReasons(next)
      if (next.size === 0) setHeldIds(null)
      else if (heldIds === null) setHeldIds(idsNow())
    },
    release: () => setHeldIds(reasons.size === 0 ? null : idsNow()),
  }
}
