import { CircleHelp, Shield } from 'lucide-react'
import { useState } from 'react'
import type { LiveAlerts } from './data/live-alerts.ts'
import { navigate, useSelectedId } from './data/route.ts'
import { useFeed } from './data/use-live.ts'
import { AlertPage } from './pages/alert.page.tsx'
import { AlertsPage } from './pages/alerts.page.tsx'
import { HelpDialog } from './parts/help-dialog.tsx'
import { LineMark, SensorsMark } from './parts/line-mark.tsx'
import { PanelGuard } from './parts/panel-guard.tsx'
import { useKeys } from './parts/use-keys.ts'

/** The page: the live list, and the open alert beside it. */
export function App({ live }: { readonly live: LiveAlerts }) {
  const feed = useFeed(live)
  const selectedId = useSelectedId()
  const [isHelpOpen, setHelpOpen] = useState(false)
  const close = () => navigate(null)
  useKeys({ '?': () => setHelpOpen(true), Escape: close })
  const selected = selectedId === null ? undefined : feed.alerts.get(selectedId)
  return (
    <div className="app">
      <header className="top">
        <a href="#/alerts" className="brand">
          <Shield size={16} aria-hidden="true" />
          Wardwatch
        </a>
        <span className="spacer" />
        <SensorsMark feed={feed} />
        <LineMark feed={feed} />
        <button
          type="button"
          className="button"
          onClick={() => setHelpOpen(true)}
          aria-label="Help: keys"
        >
          <CircleHelp size={16} aria-hidden="true" />
        </button>
      </header>
      <main className={selectedId === null ? 'panes' : 'panes panes-open'}>
        <PanelGuard name="The list">
          <AlertsPage feed={feed} selectedId={selectedId} />
        </PanelGuard>
        {selectedId !== null && (
          <PanelGuard key={selectedId} name="The alert">
            <AlertPage id={selectedId} version={versionOf(selected)} onClose={close} />
          </PanelGuard>
        )}
      </main>
      {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </div>
  )
}

/** Changes with whatever of the alert the detail shows. */
function versionOf(alert: { lastSeen: string; count: number; status: string } | undefined): string {
  return alert === undefined ? '' : `${alert.lastSeen} ${alert.count} ${alert.status}`
}
