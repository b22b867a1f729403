import type { Alert } from '../../api.ts'

/** What the list shows, and how many rows wait to be shown. */
export interface HeldList {
  readonly rows: readonly Alert[]
  readonly waiting: number
}

/**
 * The list while somebody reads it: rows keep their places and go on counting, new rows wait. Nothing moves under the
 * cursor (docs/dashboard.md).
 * @param newest every row, newest first
 * @param heldIds ids in their places since the list is held; null when it is not
 * @param known every alert: one that has been closed meanwhile keeps its place, too
 */
export function holdList(
  newest: readonly Alert[],
  heldIds: readonly string[] | null,
  known: ReadonlyMap<string, Alert>,
): HeldList {
  if (heldIds === null) return { rows: newest, waiting: 0 }
  const rows = heldIds.map((id) => known.get(id)).filter((alert) => alert !== undefined)
  const held = new Set(heldIds)
  return { rows, waiting: newest.filter(({ id }) => !held.has(id)).length }
}

export type HoldReason = 'paused' | 'scrolled' | 'hovered'

/** Why the list stands still, and the ids in their places since then; null while it does not. */
export interface Hold {
  readonly reasons: ReadonlySet<HoldReason>
  readonly ids: readonly string[] | null
}

export const noHold: Hold = { reasons: new Set(), ids: null }

/** A reason comes or goes: the first one holds the rows that are shown, the last one lets them go. */
export function changeHold(
  before: Hold,
  reason: HoldReason,
  isHolding: boolean,
  idsShown: readonly string[],
): Hold {
  if (before.reasons.has(reason) === isHolding) return before
  const reasons = new Set(before.reasons)
  if (isHolding) reasons.add(reason)
  else reasons.delete(reason)
  return { reasons, ids: reasons.size === 0 ? null : (before.ids ?? idsShown) }
}
