import type { IncomingMessage as HttpRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { Alert } from '../records/alert.ts'
import type { Logger } from '../records/service.ts'
import type { AlertRow } from '../store/state-store.ts'
import { clientMessageSchema, type RatedSensor, type ServerMessage } from './api.ts'
import type { Sessions } from './access/sessions.ts'
import { sessionEndedCode } from './api/access.ts'
import { bufferBytesMax, closeCode, createLiveClient, type LiveClient } from './live-client.ts'
import { type DashboardStates, newestAlerts, type Present, statusOf } from './queries.ts'

export interface LiveFeedDeps {
  readonly states: DashboardStates
  readonly present: Present
  readonly sensors: () => readonly RatedSensor[]
  readonly sessions: Pick<Sessions, 'inForce'>
  readonly logger: Logger
  readonly now: () => number
}

export interface LiveFeed {
  start(): Promise<void>
  stop(): Promise<void>
  /** Takes over the connection of a handshake that has been let in by a session; it lasts as long as that. */
  accept(request: HttpRequest, socket: Duplex, head: Buffer, sessionHash: string): void
  /** A session is over: closes its connections at once. Others find out within a second. */
  endSession(sessionHash: string): void
  /** Rows may have changed: tell every page. */
  wake(): void
  clientCount(): number
}

/** Rows read at a time; a page that has missed more starts from a snapshot. */
const pageRows = 500
/** Largest frame a page may send. */
const frameBytesMax = 4 * 1024
const pingSeconds = 15
/** Pages of one session at a time. */
const perSessionMax = 20
/** At most one log line about a failing store in this many ms. */
const logEveryMs = 10_000

/**
 * Tells every open page what changes. Deltas are numbered by the revision of their row; a page that comes back says the
 * last number it has and is told what it missed. One task at a time reads the store and sends, so that a page sees
 * revisions rise.
 */
export function createLiveFeed(
  config: { readonly clientsMax: number; readonly snapshotRows: number },
  deps: LiveFeedDeps,
): LiveFeed {
  const { states, present, sensors, sessions, logger, now } = deps
  // Compression is off: it costs memory per socket and lets a small frame unpack into a large one.
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
  })
  const clients = new Map<LiveClient, WebSocket>()
  const sessionOf = new WeakMap<LiveClient, string>()
  let sentRevision = 0
  let startedMs = 0
  let seconds = 0
  let timer: NodeJS.Timeout | null = null
  let tail: Promise<void> = Promise.resolve()
  let isWakeQueued = false
  let loggedMs = -Infinity

  /** Runs `task` after those before it; a failing store costs this round only, the next tick tries again. */
  function enqueue(task: () => Promise<void>): void {
    tail = tail.then(task).catch((err: unknown) => {
      if (now() - loggedMs < logEveryMs) return
      loggedMs = now()
      logger.error({ err }, 'live feed could not read the alerts')
    })
  }

  /** Sends every row changed since the last round to all pages in step. */
  async function sendChanges(): Promise<void> {
    for (;;) {
      const rows = await states.alerts.changedSince(sentRevision, pageRows)
      sendRows(rows, clients.keys().toArray())
      sentRevision = rows.at(-1)?.revision ?? sentRevision
      if (rows.length < pageRows) return
    }
  }

  function sendRows(rows: readonly AlertRow[], receivers: readonly LiveClient[]): void {
    for (const row of rows) {
      const frame = deltaOf(row, present)
      if (frame !== null) for (const client of receivers) client.send(frame)
    }
  }

  /** Brings one page up to date: by what it missed, or anew. */
  async function bringUp(client: LiveClient, revision: number): Promise<void> {
    await sendChanges()
    const isKnown = revision > 0 && revision <= sentRevision
    const missed = isKnown ? await states.alerts.changedSince(revision, pageRows) : []
    const snapshot =
      isKnown && missed.length < pageRows
        ? null
        : await newestAlerts(states, present, config.snapshotRows)
    client.join()
    if (snapshot !== null) client.send(snapshotFrame(snapshot))
    else sendRows(missed, [client])
    client.send(statusFrame())
  }

  function statusFrame(): string {
    const status = statusOf(sentRevision, sensors(), startedMs, now())
    return JSON.stringify({ type: 'status', ...status } satisfies ServerMessage)
  }

  function tick(): void {
    seconds++
    for (const [client, socket] of clients) {
      if (seconds % pingSeconds === 0 && socket.readyState === socket.OPEN) socket.ping()
      if (client.tick() === 'refresh') enqueue(() => bringUp(client, 0))
    }
    enqueue(async () => {
      await closeEnded()
      await sendChanges()
      const frame = statusFrame()
      for (const client of clients.keys()) client.send(frame)
    })
  }

  function clientsOf(sessionHash: string): LiveClient[] {
    return [...clients.keys()].filter((client) => sessionOf.get(client) === sessionHash)
  }

  function endSession(sessionHash: string): void {
    for (const client of clientsOf(sessionHash)) client.close(sessionEndedCode, 'session ended')
  }

  /** Sessions end by time, and by other processes too: whoever has none in force is told nothing more. */
  async function closeEnded(): Promise<void> {
    const hashes = new Set([...clients.keys()].map((client) => sessionOf.get(client)!))
    const inForce = await sessions.inForce([...hashes])
    for (const hash of hashes) if (!inForce.has(hash)) endSession(hash)
  }

  function welcome(socket: WebSocket, sessionHash: string): void {
    const client = createLiveClient(socket)
    clients.set(client, socket)
    sessionOf.set(client, sessionHash)
    socket.on('message', (data, isBinary) => {
      if (!client.heard(false)) return
      const revision = isBinary ? null : revisionOf(data)
      if (revision === null || client.state !== 'joining') {
        client.close(closeCode.policy, 'not understood')
      } else enqueue(() => bringUp(client, revision))
    })
    socket.on('ping', () => client.heard(false))
    socket.on('pong', () => client.heard(true))
    socket.on('error', (err) => logger.debug({ err }, 'live connection broke'))
    socket.on('close', () => clients.delete(client))
  }

  return {
    start: async () => {
      startedMs = now()
      sentRevision = await states.alerts.lastRevision()
      timer = setInterval(tick, 1000)
    },
    stop: async () => {
      if (timer !== null) clearInterval(timer)
      timer = null
      for (const [client, socket] of clients) {
        client.close(closeCode.goingAway, 'server stops')
        socket.terminate()
      }
      clients.clear()
      await tail
    },
    endSession,
    accept: (request, socket, head, sessionHash) => {
      if (clients.size >= config.clientsMax) refuseUpgrade(socket, 503, 'Service Unavailable')
      else if (clientsOf(sessionHash).length >= perSessionMax)
        refuseUpgrade(socket, 429, 'Too Many Requests')
      else server.handleUpgrade(request, socket, head, (line) => welcome(line, sessionHash))
    },
    wake: () => {
      if (isWakeQueued) return
      isWakeQueued = true
      enqueue(async () => {
        isWakeQueued = false
        await sendChanges()
      })
    },
    clientCount: () => clients.size,
  }
}

/** Answers a handshake that is not let in, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, phrase: string): void {
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function revisionOf(data: RawData): number | null {
  try {
    const text = Buffer.isBuffer(data) ? data.toString('utf8') : ''
    return clientMessageSchema.parse(JSON.parse(text)).revision
  } catch {
    // Whatever it was, the sender is told by the close code; there is nothing else to keep.
    return null
  }
}

/** Null for a row that is not listed; the status frame still moves the page's revision past it. */
function deltaOf(row: AlertRow, present: Present): string | null {
  const alert = present(row)
  if (alert === null) return null
  return JSON.stringify({ type: 'delta', revision: row.revision, alert } satisfies ServerMessage)
}

/** As many of the newest alerts as fit the buffer of a drained socket, with room for what follows. */
function snapshotFrame(snapshot: { revision: number; alerts: Alert[] }): string {
  let bytes = 0
  const alerts = snapshot.alerts.filter((alert) => {
    bytes += Buffer.byteLength(JSON.stringify(alert)) + 1
    return bytes < bufferBytesMax * 0.75
  })
  const { revision } = snapshot
  return JSON.stringify({ type: 'snapshot', revision, alerts } satisfies ServerMessage)
}
