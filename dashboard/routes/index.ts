import type { Access } from '../access/access.ts'
import type { RatedSensor } from '../api.ts'
import type { DeviceKnowledge, DeviceQueries } from '../device-queries.ts'
import type { Route } from '../http/route.ts'
import type { DashboardStates, Present } from '../queries.ts'
import type { FlowLookup } from '../../store/flow-store.ts'
import type { SeriesStore } from '../../store/series-store.ts'
import { accountRoutes } from './account.ts'
import { actionRoutes, type ActionService } from './actions.ts'
import { alertRoutes } from './alerts.ts'
import { auditRoutes } from './audit.ts'
import { deviceRoutes } from './devices.ts'
import { evidenceRoutes, type ReadEvidence } from './evidence.ts'
import { historyRoutes } from './history.ts'
import { offerRoutes } from './offers.ts'
import { type OperationAnswers, operationRoutes } from './operation.ts'
import { sessionRoutes } from './session.ts'
import { statusRoutes } from './status.ts'

/** What other stages lend the dashboard; what an installation has not, its page does not offer. */
export interface DashboardServices {
  /** What people do to alerts. */
  readonly actions?: ActionService
  readonly series?: Pick<SeriesStore, 'series' | 'services'>
  /** Look-ups in the history of flows. */
  readonly lookup?: FlowLookup
  readonly evidence?: ReadEvidence
  /** Health and metrics of this process. */
  readonly operation?: OperationAnswers
}

export interface RouteDeps {
  readonly services: DashboardServices
  readonly states: DashboardStates & DeviceQueries
  readonly knowledge: DeviceKnowledge
  readonly present: Present
  readonly sensors: () => readonly RatedSensor[]
  readonly startedMs: () => number
  readonly access: Access
  /** Tells the live feed that a session is over. */
  readonly sessionEnded: (sessionHash: string) => void
  readonly now: () => number
}

/** Every route of the dashboard; a new topic is a file here and a line below (dashboard/http/route.ts tells how). */
export function createRoutes(deps: RouteDeps): Route[] {
  const { access, sessionEnded, services, states, present, now } = deps
  const { actions, series = null, lookup = null, evidence } = services
  const { audit } = access
  const offers = {
    actions: actions !== undefined,
    series: series !== null,
    flows: lookup !== null,
    evidence: evidence !== undefined,
  }
  return [
    ...offerRoutes(offers),
    ...alertRoutes(deps),
    ...deviceRoutes(deps),
    ...(actions === undefined ? [] : actionRoutes({ actions, present })),
    ...historyRoutes({ series, lookup, audit, now }),
    ...(evidence === undefined ? [] : evidenceRoutes({ states, audit, evidence, now })),
    ...statusRoutes(deps),
    ...(services.operation === undefined ? [] : operationRoutes(services.operation)),
    ...sessionRoutes(access, sessionEnded),
    ...accountRoutes(access, sessionEnded),
    ...auditRoutes(access.audit),
  ]
}
