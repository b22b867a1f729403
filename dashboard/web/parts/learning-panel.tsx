import type { Learning } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'

const states = {
  observing: 'Observing: too little seen to call anything usual',
  provisional: 'Provisional: usual peers are known, not yet approved by time',
  established: 'Established',
} as const

/** How far the baseline of the device has come: what a sentence about novelty rests on. */
export function LearningPanel({ learning }: { readonly learning: Learning | null }) {
  return (
    <section aria-label="Learning">
      <h2>Learning</h2>
      {learning === null ? (
        <p className="muted">Nothing is learned of this device yet.</p>
      ) : (
        <>
          <p>
            {states[learning.state]}
            {learning.isApproved ? ', approved' : ''}
          </p>
          <dl className="pairs">
            <div>
              <dt>Seen on</dt>
              <dd>{count(learning.daysSeen, 'day')}</dd>
            </div>
            <div>
              <dt>Active in</dt>
              <dd>{count(learning.activeHours, 'hour')}</dd>
            </div>
            <div>
              <dt>Usual relations</dt>
              <dd>{formatNumber(learning.relations)}</dd>
            </div>
          </dl>
        </>
      )}
    </section>
  )
}

function count(value: number, unit: string): string {
  return `${formatNumber(value)} ${unit}${value === 1 ? '' : 's'}`
}
