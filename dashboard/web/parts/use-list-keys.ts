import { useEffect } from 'react'
import type { Alert } from '../../api.ts'
import { alertHref, goTo, type Params } from '../data/route.ts'
import { stepsFor, useHands } from './use-actions.ts'
import { useKeys } from './use-keys.ts'
import type { Picked } from './use-picked.ts'

/**
 * j and k walk through the rows (with an alert open, the detail follows); a, i, c, f do something with the row at hand, or
 * with all that are picked; x picks.
 */
export function useListKeys(options: {
  readonly scroller: { readonly current: HTMLElement | null }
  readonly rows: readonly Alert[]
  readonly selectedId: string | null
  readonly params: Params
  readonly picked: Picked
}): void {
  const { scroller, rows, selectedId, params, picked } = options
  const hands = useHands()
  const { actions, askToClose, canChange } = hands

  const focusedIndex = () => links(scroller).findIndex((link) => link === document.activeElement)

  const step = (by: 1 | -1) => {
    const selected = rows.findIndex((row) => row.id === selectedId)
    const focused = focusedIndex()
    const from = focused >= 0 ? focused : selected
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1)
    links(scroller)[to]?.focus()
    const row = rows[to]
    if (selectedId !== null && row !== undefined) goTo(alertHref(row.id, params), { replace: true })
  }

  /** The row with the focus, else the one that is open. */
  const current = (): Alert | null =>
    rows[focusedIndex()] ?? rows.find((row) => row.id === selectedId) ?? null

  /** Does it to what is picked, else to the row at hand. */
  const withTargets = (act: (targets: readonly Alert[]) => void) => () => {
    const row = current()
    const targets = picked.alerts.length > 0 ? picked.alerts : row === null ? [] : [row]
    if (canChange && targets.length > 0) act(targets)
  }

  const may = (targets: readonly Alert[], what: 'acknowledge' | 'start' | 'close') =>
    targets.filter((alert) => stepsFor(alert, hands)[what] !== null)

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    a: withTargets((targets) => {
      void actions.act(may(targets, 'acknowledge'), { action: 'acknowledge' })
    }),
    i: withTargets((targets) => void actions.act(may(targets, 'start'), { action: 'start' })),
    c: withTargets((targets) => {
      const open = may(targets, 'close')
      if (open.length > 0) askToClose(open, null)
    }),
    f: withTargets((targets) => {
      const open = may(targets, 'close')
      if (open.length > 0) askToClose(open, 'false')
    }),
    x: () => {
      const row = current()
      if (row !== null) picked.toggle(row.id)
    },
    X: () => {
      const row = current()
      if (row !== null) picked.extendTo(row.id)
    },
    Escape: () => {
      if (picked.alerts.length > 0) picked.clear()
      else if (selectedId !== null) goTo(alertHref(null, params))
    },
  })

  useEffect(() => {
    if (selectedId === null) return
    const link = scroller.current?.querySelector('.row-link[aria-current="true"]')
    link?.scrollIntoView({ block: 'nearest' })
  }, [scroller, selectedId])
}

function links(scroller: { readonly current: HTMLElement | null }): HTMLElement[] {
  return [...(scroller.current?.querySelectorAll<HTMLElement>('.row-link') ?? [])]
}
