import { CircleUser } from 'lucide-react'
import { lazy, Suspense, useMemo, useState, useSyncExternalStore } from 'react'
import { type Alert, offersSchema } from '../api.ts'
import { type AlertActions, withPending } from './data/alert-actions.ts'
import type { FeedState } from './data/feed-state.ts'
import type { LiveAlerts } from './data/live-alerts.ts'
import { alertHref, goTo, hrefOf, type Route, useRoute } from './data/route.ts'
import { useJson } from './data/use-json.ts'
import { useFeed } from './data/use-live.ts'
import { useUser } from './data/use-session.ts'
import { AccountPage } from './pages/account.page.tsx'
import { AlertPage } from './pages/alert.page.tsx'
import { AlertsPage } from './pages/alerts.page.tsx'
import { DevicesPage } from './pages/devices.page.tsx'
import { SensorsPage } from './pages/sensors.page.tsx'
import { CloseDialog, type Closing } from './parts/close-dialog.tsx'
import { HelpDialog } from './parts/help-dialog.tsx'
import { LineMark } from './parts/line-mark.tsx'
import { NavBar } from './parts/nav-bar.tsx'
import { PanelGuard } from './parts/panel-guard.tsx'
import { SensorStrip } from './parts/sensor-strip.tsx'
import { Toasts } from './parts/toasts.tsx'
import { type Hands, HandsContext } from './parts/use-actions.ts'
import { useKeys } from './parts/use-keys.ts'
import { noOffers, OffersContext } from './parts/use-offers.ts'

const DevicePage = lazy(() => import('./pages/device.page.tsx'))

/** The page: where one is, what is there, and how the sensors do. */
export function App({
  live,
  actions,
}: {
  readonly live: LiveAlerts
  readonly actions: AlertActions
}) {
  const feed = useShownFeed(live, actions)
  const route = useRoute()
  const user = useUser()
  // Asked again when the line comes back: the server may be another one.
  const [asked] = useJson('/api/offers', offersSchema, feed.line === 'live' ? 'live' : '')
  const offers = asked.kind === 'ready' ? asked.value : noOffers
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [closing, setClosing] = useState<Closing | null>(null)
  const mayChange = user.mayChange && offers.actions
  const hands = useMemo<Hands>(
    () => ({
      actions,
      canChange: mayChange,
      askToClose: (alerts, verdict) => setClosing({ alerts, verdict }),
    }),
    [actions, mayChange],
  )
  useKeys({
    '?': () => setHelpOpen(true),
    u: () => void actions.undoLast(),
    'g a': () => goTo(hrefOf({ page: 'alerts' })),
    'g d': () => goTo(hrefOf({ page: 'devices' })),
    'g s': () => goTo(hrefOf({ page: 'sensors' })),
  })
  return (
    <HandsContext value={hands}>
      <OffersContext value={offers}>
        <div className="app">
          <NavBar page={route.page} onHelp={() => setHelpOpen(true)}>
            <LineMark feed={feed} />
            <a
              href={hrefOf({ page: 'account' })}
              className="nav-link nav-user"
              aria-current={route.page === 'account' ? 'page' : undefined}
              title={`Logged in as ${user.name} (${user.role})`}
            >
              <CircleUser size={16} aria-hidden="true" />
              <span className="user-name">{user.name}</span>
            </a>
          </NavBar>
          <Place route={route} feed={feed} />
          <SensorStrip status={feed.status} />
          <Toasts actions={actions} />
          {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
          {closing !== null && (
            <CloseDialog
              closing={closing}
              onCancel={() => setClosing(null)}
              onClose={(verdict, reason) => {
                setClosing(null)
                void actions.act(closing.alerts, { action: 'close', verdict, reason })
              }}
            />
          )}
        </div>
      </OffersContext>
    </HandsContext>
  )
}

/** What the address names. */
function Place({ route, feed }: { readonly route: Route; readonly feed: FeedState }) {
  switch (route.page) {
    case 'alerts': {
      const { id, params } = route
      return (
        <main className={id === null ? 'panes' : 'panes panes-open'}>
          <PanelGuard name="The list">
            <AlertsPage feed={feed} selectedId={id} params={params} />
          </PanelGuard>
          {id !== null && (
            <PanelGuard key={id} name="The alert">
              <AlertPage
                id={id}
                shown={feed.alerts.get(id) ?? null}
                onClose={() => goTo(alertHref(null, params))}
              />
            </PanelGuard>
          )}
        </main>
      )
    }
    case 'devices':
      return (
        <main className="page">
          <PanelGuard name="The list of devices">
            <DevicesPage params={route.params} revision={feed.revision} />
          </PanelGuard>
        </main>
      )
    case 'device':
      return (
        <main className="page">
          <PanelGuard key={route.key} name="The device">
            <Suspense fallback={<div className="skeleton" aria-busy="true" aria-label="Loading" />}>
              <DevicePage deviceKey={route.key} params={route.params} alerts={feed.alerts} />
            </Suspense>
          </PanelGuard>
        </main>
      )
    case 'sensors':
      return (
        <main className="page">
          <PanelGuard name="The sensors">
            <SensorsPage status={feed.status} />
          </PanelGuard>
        </main>
      )
    case 'account':
      return (
        <main className="page">
          <PanelGuard name="The account">
            <AccountPage />
          </PanelGuard>
        </main>
      )
  }
}

/** The feed with what was done here and has not come back yet. */
function useShownFeed(live: LiveAlerts, actions: AlertActions): FeedState {
  const feed = useFeed(live)
  const { pending } = useSyncExternalStore(actions.subscribe, actions.state)
  return useMemo(() => {
    const alerts: ReadonlyMap<string, Alert> = withPending(feed.alerts, pending, feed.revision)
    return alerts === feed.alerts ? feed : { ...feed, alerts }
  }, [feed, pending])
}
