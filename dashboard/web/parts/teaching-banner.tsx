import type { Status } from '../../api.ts'

/** While a sensor is taught what is usual: how far it is, and that nothing is reported meanwhile. */
export function TeachingBanner({ status }: { readonly status: Status | null }) {
  const shares = (status?.sensors ?? []).flatMap(({ teaching }) =>
    teaching === undefined ? [] : [teaching],
  )
  if (shares.length === 0) return null
  const least = Math.min(...shares)
  return (
    <p className="banner teaching">
      <label htmlFor="teaching-share">Learning what is usual; nothing is reported yet</label>
      <progress id="teaching-share" value={least} />
      <span className="number">{Math.floor(least * 100)} %</span>
    </p>
  )
}
