import type { Device } from '../../api.ts'

/** How far the baseline of a device has come: a shape and a word. */
export function LearningMark({
  device,
}: {
  readonly device: Pick<Device, 'state' | 'isApproved' | 'daysSeen'>
}) {
  const { state, isApproved, daysSeen } = device
  return (
    <span className={`learning-mark learning-${state}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
        {state === 'established' && <circle cx="8" cy="8" r="3.5" fill="currentColor" />}
        {state === 'provisional' && <path d="M8 4.5a3.5 3.5 0 0 1 0 7z" fill="currentColor" />}
      </svg>
      {state}
      <span className="muted">
        {isApproved ? 'approved' : daysSeen === 1 ? '1 day' : `${daysSeen} days`}
      </span>
    </span>
  )
}
