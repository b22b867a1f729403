import type { Status } from '../../api.ts'

/** How far sensors are with the past that they are taught by; nothing while none is. */
export function TeachingBar({ status }: { readonly status: Status | null }) {
  const shares = (status?.sensors ?? []).flatMap(({ teaching }) =>
    teaching === undefined ? [] : [teaching],
  )
  if (shares.length === 0) return null
  const share = Math.min(...shares)
  return (
    <div className="teaching" role="status">
      <span>Learning what is usual from the past: {Math.floor(share * 100)} %</span>
      <progress max={1} value={share} aria-label="Learning from the past" />
      <span className="muted">Alerts come once it has been learned.</span>
    </div>
  )
}
