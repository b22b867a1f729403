import type { Alert, ServerMessage, Status } from '../../api.ts'

/** What the page knows of the live feed. */
export interface FeedState {
  /** Everything up to this change is here; what the page asks for after a break. */
  readonly revision: number
  readonly alerts: ReadonlyMap<string, Alert>
  readonly status: Status | null
  readonly line: 'connecting' | 'live' | 'lost'
  /** Page clock (ms) of the last message; null before the first. */
  readonly heardMs: number | null
  /** False until the first snapshot: an empty list then means nothing yet. */
  readonly isLoaded: boolean
}

export type FeedEvent =
  | { readonly type: 'opened' }
  | { readonly type: 'heard'; readonly message: ServerMessage; readonly nowMs: number }
  | { readonly type: 'lost' }

/** Rows a page keeps: the newest. The history of older ones is the server's. */
export const rowsMax = 1000
/** Rows over the limit before the oldest are dropped, so that sorting is rare. */
const rowsSlack = 100

export const initialFeed: FeedState = {
  revision: 0,
  alerts: new Map(),
  status: null,
  line: 'connecting',
  heardMs: null,
  isLoaded: false,
}

/** The next state of the page. Deltas it has already seen change nothing, so a repeated message does no harm. */
export function reduceFeed(state: FeedState, event: FeedEvent): FeedState {
  switch (event.type) {
    case 'opened':
      return { ...state, line: 'live' }
    case 'lost':
      return { ...state, line: 'lost' }
    case 'heard':
      return { ...hear(state, event.message), heardMs: event.nowMs }
  }
}

function hear(state: FeedState, message: ServerMessage): FeedState {
  switch (message.type) {
    case 'snapshot':
      return {
        ...state,
        revision: message.revision,
        alerts: new Map(message.alerts.map((alert) => [alert.id, alert])),
        isLoaded: true,
      }
    case 'delta':
      if (message.revision <= state.revision) return state
      return {
        ...state,
        revision: message.revision,
        alerts: bounded(new Map(state.alerts).set(message.alert.id, message.alert)),
        isLoaded: true,
      }
    case 'status':
      return {
        ...state,
        revision: Math.max(state.revision, message.revision),
        status: message,
        isLoaded: true,
      }
  }
}

function bounded(alerts: Map<string, Alert>): Map<string, Alert> {
  if (alerts.size <= rowsMax + rowsSlack) return alerts
  return new Map(
    newestFirst(alerts)
      .slice(0, rowsMax)
      .map((alert) => [alert.id, alert]),
  )
}

/** Rows as the list shows them: last seen newest first, then by id. RFC 3339 in UTC sorts as text. */
export function newestFirst(alerts: ReadonlyMap<string, Alert>): Alert[] {
  return [...alerts.values()].sort((a, b) => {
    if (a.lastSeen !== b.lastSeen) return a.lastSeen < b.lastSeen ? 1 : -1
    return a.id < b.id ? -1 : 1
  })
}
