import { ArrowLeft, ArrowRight, Check, CircleCheckBig } from 'lucide-react'
import { memo } from 'react'
import type { Alert } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { alertHref, type Params } from '../data/route.ts'
import { deviceName, directions, peersInBrief, statusInBrief, titles } from '../data/words.ts'
import { Ago } from './ago.tsx'
import { SeverityMark } from './severity-mark.tsx'
import { stepsFor, useHands } from './use-actions.ts'

/** One alert in two lines: what happened, how often, when; who, where, with whom, and who has it. */
export const AlertRow = memo(function AlertRow(props: {
  readonly alert: Alert
  readonly isSelected: boolean
  /** Picked for doing the same to many. */
  readonly isPicked: boolean
  readonly params: Params
}) {
  const { alert, isSelected, isPicked, params } = props
  const className = `row${isPicked ? ' row-picked' : ''}${alert.status === 'closed' ? ' row-closed' : ''}`
  return (
    <li className={className} data-alert-id={alert.id}>
      <a href={alertHref(alert.id, params)} className="row-link" aria-current={isSelected}>
        <SeverityMark severity={alert.severity} />
        <span className="row-title">
          {isPicked && <Check size={16} className="row-check" aria-label="picked" />}
          {titles[alert.behaviour]}
          <span className="row-summary">{alert.summary}</span>
        </span>
        <span className="row-count" title={`${formatNumber(alert.count)} events`}>
          ×{formatNumber(alert.count)}
        </span>
        <span className="row-time">
          <Ago time={alert.lastSeen} />
        </span>
        <span className="row-parties">
          <span className="row-device">{deviceName(alert.device)}</span>
          <span className="muted">{alert.site}</span>
          <Counterpart alert={alert} />
        </span>
        <span className={`row-status status-${alert.status.replace(' ', '-')}`}>
          {statusInBrief(alert)}
        </span>
      </a>
      <RowButtons alert={alert} />
    </li>
  )
})

/** The two commonest steps, while the pointer or the focus is on the row. */
function RowButtons({ alert }: { readonly alert: Alert }) {
  const hands = useHands()
  if (!hands.canChange) return null
  const { acknowledge, close } = stepsFor(alert, hands)
  const name = deviceName(alert.device)
  return (
    <span className="row-buttons">
      {acknowledge !== null && (
        <button
          type="button"
          className="button button-icon"
          tabIndex={-1}
          onClick={acknowledge}
          title="Acknowledge (a)"
          aria-label={`Acknowledge ${name}`}
        >
          <Check size={16} aria-hidden="true" />
        </button>
      )}
      {close !== null && (
        <button
          type="button"
          className="button button-icon"
          tabIndex={-1}
          onClick={close}
          title="Close… (c)"
          aria-label={`Close ${name}`}
        >
          <CircleCheckBig size={16} aria-hidden="true" />
        </button>
      )}
    </span>
  )
}

function Counterpart({ alert }: { readonly alert: Alert }) {
  const direction = directions[alert.behaviour]
  const brief = peersInBrief(alert.peers, direction)
  if (brief === null) return null
  const isInward = direction === 'inward'
  const Arrow = isInward ? ArrowLeft : ArrowRight
  return (
    <span className="row-peer">
      <Arrow size={16} aria-label={isInward ? 'from' : 'to'} />
      <span className={alert.peers[0]?.name === null ? 'row-party mono' : 'row-party'}>
        {brief}
      </span>
    </span>
  )
}
