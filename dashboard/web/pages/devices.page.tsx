import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { type Device, deviceListSchema, type DeviceSortWord } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { deviceHref, type Params, setParams } from '../data/route.ts'
import { type Loaded, useJson } from '../data/use-json.ts'
import { Ago } from '../parts/ago.tsx'
import { LearningMark } from '../parts/learning-mark.tsx'
import { useKeys } from '../parts/use-keys.ts'

const pageSize = 100

const columns: readonly { readonly id: DeviceSortWord | null; readonly label: string }[] = [
  { id: 'name', label: 'Device' },
  { id: null, label: 'Address' },
  { id: null, label: 'MAC and vendor' },
  { id: 'state', label: 'Learning' },
  { id: 'firstSeen', label: 'First seen' },
  { id: 'lastSeen', label: 'Last seen' },
  { id: 'alerts', label: 'Open alerts' },
]

/** Every device that is watched; what is searched, and how it is sorted, stands in the address. */
export function DevicesPage({
  params,
  revision,
}: {
  readonly params: Params
  /** Changes with the alerts that are counted here. */
  readonly revision: number
}) {
  const text = params['q'] ?? ''
  const sort = params['sort'] ?? 'name'
  const order = params['order'] === 'desc' ? 'desc' : 'asc'
  const offset = Math.max(0, Math.floor(Number(params['from'] ?? 0)) || 0)
  const query = new URLSearchParams({
    text,
    sort,
    order,
    limit: String(pageSize),
    offset: String(offset),
  })
  const version = useSlowly(String(revision), 5000)
  const [loaded, retry] = useJson(`/api/devices?${query.toString()}`, deviceListSchema, version)
  const total = loaded.kind === 'ready' ? loaded.value.total : null
  return (
    <div className="page-body">
      <header className="page-head">
        <h1>Devices</h1>
        <p className="muted" role="status">
          {total === null ? ' ' : countInWords(total, text)}
        </p>
        <span className="spacer" />
        <DeviceSearch text={text} />
      </header>
      <DeviceTable loaded={loaded} text={text} sort={sort} order={order} onRetry={retry} />
      {total !== null && total > pageSize && <Pager offset={offset} total={total} />}
    </div>
  )
}

function countInWords(total: number, text: string): string {
  const count = total === 1 ? '1 device' : `${formatNumber(total)} devices`
  return text === '' ? count : `${count} found`
}

/** Follows what is typed, a moment later. */
function DeviceSearch({ text }: { readonly text: string }) {
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useKeys({ '/': () => input.current?.select() })
  useEffect(() => () => clearTimeout(timer.current), [])
  const search = (value: string) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setParams({ q: value === '' ? null : value, from: null }), 250)
  }
  return (
    <label className="search">
      <Search size={16} aria-hidden="true" />
      <span className="for-readers">Search devices</span>
      <input
        ref={input}
        type="text"
        className="search-field"
        defaultValue={text}
        placeholder="name, address, MAC, vendor"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => search(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <kbd>/</kbd>
    </label>
  )
}

function DeviceTable(props: {
  readonly loaded: Loaded<{ devices: Device[] }>
  readonly text: string
  readonly sort: string
  readonly order: 'asc' | 'desc'
  readonly onRetry: () => void
}) {
  const { loaded, text, sort, order, onRetry } = props
  if (loaded.kind === 'failed' || loaded.kind === 'missing') {
    return (
      <div className="failed" role="alert">
        <p>
          The devices could not be read
          {loaded.kind === 'failed' ? `: ${loaded.reason}` : ''}.
        </p>
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      </div>
    )
  }
  if (loaded.kind === 'loading')
    return <div className="skeleton" aria-busy="true" aria-label="Loading devices" />
  const { devices } = loaded.value
  if (devices.length === 0) {
    return (
      <p className="panel muted">
        {text === ''
          ? 'No device has been seen yet. Devices appear here within a minute of their first packet.'
          : `No device is called, or has the address, “${text}”.`}
      </p>
    )
  }
  return (
    <div className={loaded.isOld ? 'table-scroll table-old' : 'table-scroll'}>
      <table className="table devices">
        <thead>
          <tr>
            {columns.map(({ id, label }) => (
              <SortHead key={label} id={id} label={label} sort={sort} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <DeviceLine key={device.key} device={device} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function SortHead(props: {
  readonly id: DeviceSortWord | null
  readonly label: string
  readonly sort: string
  readonly order: 'asc' | 'desc'
}) {
  const { id, label, sort, order } = props
  if (id === null) return <th scope="col">{label}</th>
  const isSorted = sort === id
  const next = isSorted && order === 'asc' ? 'desc' : 'asc'
  const first = id === 'alerts' || id === 'lastSeen' || id === 'firstSeen' ? 'desc' : 'asc'
  const Icon = order === 'asc' ? ArrowUp : ArrowDown
  return (
    <th
      scope="col"
      aria-sort={!isSorted ? 'none' : order === 'asc' ? 'ascending' : 'descending'}
      className={id === 'alerts' ? 'num' : ''}
    >
      <button
        type="button"
        className="sort"
        onClick={() => setParams({ sort: id, order: isSorted ? next : first, from: null })}
      >
        {label}
        {isSorted && <Icon size={12} aria-hidden="true" />}
      </button>
    </th>
  )
}

function DeviceLine({ device }: { readonly device: Device }) {
  const { key, name, address, mac, vendor, deviceClass, zone, site, openAlerts } = device
  const place = [deviceClass, zone, site].filter((word) => word !== null).join(' · ')
  return (
    <tr>
      <th scope="row">
        <a href={deviceHref(key)} className={name === null ? 'mono' : ''}>
          {name ?? address ?? mac ?? key}
        </a>
        <span className="under">{place}</span>
      </th>
      <td className="mono">{address ?? '—'}</td>
      <td>
        <span className="mono">{mac ?? '—'}</span>
        {vendor !== null && <span className="under">{vendor}</span>}
      </td>
      <td>
        <LearningMark device={device} />
      </td>
      <td>
        <Ago time={device.firstSeen} />
      </td>
      <td>
        <Ago time={device.lastSeen} />
      </td>
      <td className="num">
        {openAlerts === 0 ? <span className="muted">0</span> : <strong>{openAlerts}</strong>}
      </td>
    </tr>
  )
}

function Pager({ offset, total }: { readonly offset: number; readonly total: number }) {
  const last = Math.min(offset + pageSize, total)
  return (
    <nav className="pager" aria-label="Pages of devices">
      <button
        type="button"
        className="button"
        disabled={offset === 0}
        onClick={() => setParams({ from: String(Math.max(0, offset - pageSize)) })}
      >
        <ChevronLeft size={16} aria-hidden="true" />
        Back
      </button>
      <span className="muted">
        {formatNumber(offset + 1)}–{formatNumber(last)} of {formatNumber(total)}
      </span>
      <button
        type="button"
        className="button"
        disabled={last >= total}
        onClick={() => setParams({ from: String(offset + pageSize) })}
      >
        Next
        <ChevronRight size={16} aria-hidden="true" />
      </button>
    </nav>
  )
}

/** The text, at most so often: a list need not be read again at every alert. */
function useSlowly(text: string, everyMs: number): string {
  const [shown, setShown] = useState(text)
  const latest = useRef(text)
  useEffect(() => {
    latest.current = text
  }, [text])
  useEffect(() => {
    const timer = setInterval(() => setShown(latest.current), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return shown
}
