import { Search } from 'lucide-react'
import { type SyntheticEvent, useState } from 'react'
import { type Device, flowAnswerSchema } from '../../api.ts'
import { type Params, setParams } from '../data/route.ts'
import { parseRange } from '../data/time-range.ts'
import { useJson } from '../data/use-json.ts'
import { useEndMs } from './device-traffic.tsx'
import { FlowTable } from './flow-table.tsx'

/** Which flows the device had, with whom, in the time range of the page; every look-up goes on record. */
export function DeviceHistory(props: { readonly device: Device; readonly params: Params }) {
  const { device, params } = props
  const endMs = useEndMs(device)
  const range = parseRange(params['range'], '24h', endMs)
  const isUtc = params['tz'] === 'utc'
  const [peer, setPeer] = useState(params['peer'] ?? '')
  const [asked, setAsked] = useState<string | null>(null)
  const [loaded, retry] = useJson(asked, flowAnswerSchema)
  const ask = (event: SyntheticEvent) => {
    event.preventDefault()
    setParams({ peer: peer === '' ? null : peer })
    const query = new URLSearchParams({
      from: new Date(range.fromMs).toISOString(),
      to: new Date(range.toMs).toISOString(),
      ...(peer === '' ? {} : { peer }),
    })
    const path = `/api/devices/${encodeURIComponent(device.key)}/flows?${query.toString()}`
    if (path === asked) retry()
    else setAsked(path)
  }
  return (
    <section className="panel" aria-label="History">
      <header className="panel-head">
        <h2>History</h2>
        <span className="muted">single flows; each look-up goes on record</span>
      </header>
      <form className="look-up" onSubmit={ask}>
        <TimeField
          label="From"
          ms={range.fromMs}
          isUtc={isUtc}
          onChange={(ms) => setRange(ms, range.toMs)}
        />
        <TimeField
          label="To"
          ms={range.toMs}
          isUtc={isUtc}
          onChange={(ms) => setRange(range.fromMs, ms)}
        />
        <label className="look-up-peer">
          <span className="muted">With</span>
          <input
            type="text"
            className="input"
            value={peer}
            placeholder="anybody, or an address or MAC"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setPeer(event.currentTarget.value)}
          />
        </label>
        <button type="submit" className="button button-main">
          <Search size={16} aria-hidden="true" />
          Look up
        </button>
      </form>
      {asked !== null && loaded.kind === 'loading' && (
        <div className="skeleton look-up-wait" aria-busy="true" aria-label="Looking up" />
      )}
      {loaded.kind === 'failed' && (
        <p className="warning" role="alert">
          The look-up failed: {loaded.reason}.
        </p>
      )}
      {loaded.kind === 'ready' && !loaded.isOld && (
        <FlowTable answer={loaded.value} isUtc={isUtc} />
      )}
    </section>
  )
}

function setRange(fromMs: number, toMs: number): void {
  if (!(fromMs < toMs)) return
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().replace('.000Z', 'Z'))
  setParams({ range: `${from!}/${to!}` })
}

function TimeField(props: {
  readonly label: string
  readonly ms: number
  readonly isUtc: boolean
  readonly onChange: (ms: number) => void
}) {
  const { label, ms, isUtc, onChange } = props
  const offsetMs = isUtc ? 0 : new Date(ms).getTimezoneOffset() * 60_000
  const text = new Date(ms - offsetMs).toISOString().slice(0, 19)
  return (
    <label>
      <span className="muted">
        {label} {isUtc ? '(UTC)' : ''}
      </span>
      <input
        type="datetime-local"
        className="input"
        step="1"
        value={text}
        onChange={(event) => {
          const changed = Date.parse(`${event.currentTarget.value}${isUtc ? 'Z' : ''}`)
          if (!Number.isNaN(changed)) onChange(changed)
        }}
      />
    </label>
  )
}
