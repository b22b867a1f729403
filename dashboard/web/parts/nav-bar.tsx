import { CircleHelp, MonitorSmartphone, Radio, Siren, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { hrefOf, type Route } from '../data/route.ts'

const places: readonly {
  readonly page: Route['page']
  readonly also: readonly Route['page'][]
  readonly label: string
  readonly icon: LucideIcon
}[] = [
  { page: 'alerts', also: [], label: 'Live', icon: Siren },
  { page: 'devices', also: ['device'], label: 'Devices', icon: MonitorSmartphone },
  { page: 'sensors', also: [], label: 'Sensors', icon: Radio },
]

/** Where one can go, and where one is; what stands at its right end is given. */
export function NavBar(props: {
  readonly page: Route['page']
  readonly onHelp: () => void
  readonly children: ReactNode
}) {
  return (
    <header className="top">
      <a href={hrefOf({ page: 'alerts' })} className="brand">
        <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" focusable="false">
          <path
            d="M8 1 2.5 3v4.5c0 3.6 2.3 6.2 5.5 7.5 3.2-1.3 5.5-3.9 5.5-7.5V3z"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeLinejoin="round"
          />
          <path d="M4.8 8h1.6l1-2.2 1.4 4 1-1.8h1.4" fill="none" stroke="currentColor" />
        </svg>
        <span className="brand-name">Wardwatch</span>
      </a>
      <nav className="nav" aria-label="Pages">
        {places.map(({ page, also, label, icon: Icon }) => {
          const isHere = page === props.page || also.includes(props.page)
          return (
            <a
              key={page}
              href={hrefOf({ page })}
              className="nav-link"
              aria-current={isHere ? 'page' : undefined}
            >
              <Icon size={16} aria-hidden="true" />
              {label}
            </a>
          )
        })}
      </nav>
      <span className="spacer" />
      {props.children}
      <button type="button" className="button" onClick={props.onHelp} aria-label="Help: keys">
        <CircleHelp size={16} aria-hidden="true" />
      </button>
    </header>
  )
}
