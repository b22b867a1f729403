import { ago, localTime, utcTime } from '../data/numbers.ts'
import { useTimeText } from '../data/use-live.ts'

/** How long ago, with the exact moment on hover. */
export function Ago({ time }: { readonly time: string }) {
  const timeMs = Date.parse(time)
  const text = useTimeText((nowMs) => ago(timeMs, nowMs))
  return (
    <time dateTime={time} title={`${localTime(timeMs)} (${utcTime(timeMs)})`}>
      {text}
    </time>
  )
}

/** The exact moment, local and UTC; once where both are the same. */
export function Moment({ time }: { readonly time: string }) {
  const timeMs = Date.parse(time)
  return (
    <time dateTime={time}>
      {new Date(timeMs).getTimezoneOffset() === 0 ? (
        utcTime(timeMs)
      ) : (
        <>
          {localTime(timeMs)} <span className="moment-utc">{utcTime(timeMs)}</span>
        </>
      )}
    </time>
  )
}
