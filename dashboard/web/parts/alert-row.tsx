import { ArrowLeft, ArrowRight } from 'lucide-react'
import { memo } from 'react'
import type { Alert } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { hashOf } from '../data/route.ts'
import { deviceName, directions, peersInBrief, titles } from '../data/words.ts'
import { Ago } from './ago.tsx'
import { SeverityMark } from './severity-mark.tsx'

/** One alert in two lines: what happened, how often, when; who, where, with whom. */
export const AlertRow = memo(function AlertRow(props: {
  readonly alert: Alert
  readonly isSelected: boolean
}) {
  const { alert, isSelected } = props
  return (
    <li className="row" data-alert-id={alert.id}>
      <a href={hashOf(alert.id)} className="row-link" aria-current={isSelected}>
        <SeverityMark severity={alert.severity} />
        <span className="row-title">
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
          {alert.status}
        </span>
      </a>
    </li>
  )
})

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
