import { useMemo, useRef, useState } from 'react'
import type { Alert } from '../../api.ts'

export interface Picked {
  readonly ids: ReadonlySet<string>
  /** Those of the rows shown. */
  readonly alerts: readonly Alert[]
  readonly toggle: (id: string) => void
  /** All from the row picked last to this one. */
  readonly extendTo: (id: string) => void
  readonly clear: () => void
}

/** Rows picked for doing the same to all of them. A row that is no longer shown is no longer picked. */
export function usePicked(rows: readonly Alert[]): Picked {
  const [all, setAll] = useState<ReadonlySet<string>>(new Set())
  const last = useRef<string | null>(null)
  const alerts = useMemo(() => rows.filter((row) => all.has(row.id)), [rows, all])
  const ids = useMemo(() => new Set(alerts.map(({ id }) => id)), [alerts])
  return {
    ids,
    alerts,
    toggle: (id) => {
      last.current = id
      const next = new Set(ids)
      if (!next.delete(id)) next.add(id)
      setAll(next)
    },
    extendTo: (id) => {
      const [from, to] = [last.current ?? id, id].map((each) =>
        rows.findIndex((row) => row.id === each),
      )
      if (from === undefined || to === undefined || from < 0 || to < 0) return
      const range = rows.slice(Math.min(from, to), Math.max(from, to) + 1)
      setAll(new Set([...ids, ...range.map((row) => row.id)]))
    },
    clear: () => setAll(new Set()),
  }
}
