import { Check, Circle } from 'lucide-react'
import type { Device, DeviceBaseline } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { LearningMark } from './learning-mark.tsx'

/** How far learning has come, and what is missing until the baseline counts as established. */
export function DeviceLearning(props: {
  readonly device: Device
  readonly baseline: DeviceBaseline | null
}) {
  const { device, baseline } = props
  return (
    <section className="panel" aria-label="Learning">
      <header className="panel-head">
        <h2>Learning</h2>
        <span className="spacer" />
        <LearningMark device={device} />
      </header>
      {baseline === null ? (
        <p className="muted">Nothing is learned of this device yet.</p>
      ) : device.state === 'established' ? (
        <Established baseline={baseline} isApproved={device.isApproved} />
      ) : (
        <Missing baseline={baseline} />
      )}
    </section>
  )
}

function Established(props: { readonly baseline: DeviceBaseline; readonly isApproved: boolean }) {
  const { baseline, isApproved } = props
  return (
    <p className="muted">
      {isApproved
        ? 'Approved: all that was met while it was taught counts as usual. '
        : baseline.isThin
          ? 'Established by age alone: it has been seen too rarely to be sure. '
          : 'What is new for it now is unusual. '}
      It rests on {formatNumber(baseline.flows)} flows in {formatNumber(baseline.activeHours)}{' '}
      active hours on {formatNumber(baseline.days)} {baseline.days === 1 ? 'day' : 'days'}.
    </p>
  )
}

/** Each condition, met or not, as the analyzer decides by them. */
function Missing({ baseline }: { readonly baseline: DeviceBaseline }) {
  const { days, weekendDays, activeHours, newRelations, newRelationsMax, thresholds } = baseline
  const steps = [
    { label: 'days with traffic', value: days, needed: thresholds.daysMin },
    { label: 'day on a weekend', value: weekendDays, needed: 1 },
    { label: 'active hours', value: activeHours, needed: thresholds.activeHoursMin },
  ]
  const isSettled = newRelations <= newRelationsMax
  return (
    <>
      <ul className="steps">
        {steps.map(({ label, value, needed }) => (
          <li key={label} className={value >= needed ? 'step-done' : ''}>
            {value >= needed ? (
              <Check size={14} aria-label="met" />
            ) : (
              <Circle size={14} aria-label="missing" />
            )}
            <span>
              {formatNumber(Math.min(value, needed))} of {formatNumber(needed)} {label}
            </span>
            <meter min={0} max={needed} value={Math.min(value, needed)} aria-hidden="true" />
          </li>
        ))}
        <li className={isSettled ? 'step-done' : ''}>
          {isSettled ? (
            <Check size={14} aria-label="met" />
          ) : (
            <Circle size={14} aria-label="missing" />
          )}
          <span>
            {formatNumber(newRelations)} new {newRelations === 1 ? 'peer' : 'peers'} in 48 h, at
            most {formatNumber(newRelationsMax)}
          </span>
        </li>
      </ul>
      <p className="muted">
        Established at the latest after {formatNumber(thresholds.daysMax)} days. Until then what is
        new for it is no finding by itself.
      </p>
    </>
  )
}
