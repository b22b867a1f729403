import './zod-setup.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { createAlertActions } from './data/alert-actions.ts'
import { createLiveAlerts } from './data/live-alerts.ts'
import { postAction } from './data/post-action.ts'
import { createSession } from './data/session.ts'
import { Gate } from './parts/gate.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const session = createSession({
  fetch: (...request) => fetch(...request),
  now: () => performance.now(),
})
for (const event of ['keydown', 'pointerdown', 'wheel'])
  addEventListener(event, () => session.noteActivity(), { passive: true })

const address = new URL('/api/live', location.href)
address.protocol = address.protocol.replace('http', 'ws')
const live = createLiveAlerts({
  open: () => {
    const socket = new WebSocket(address)
    socket.addEventListener('close', ({ code }) => session.lineClosed(code))
    return socket
  },
  now: () => Date.now(),
  random: () => Math.random(),
})
const actions = createAlertActions({
  post: postAction,
  revision: () => live.state().revision,
  now: () => Date.now(),
})
// The line is open while somebody is logged in.
let isLineOpen = false
session.subscribe(() => {
  const isIn = session.view().kind === 'in'
  if (isIn === isLineOpen) return
  isLineOpen = isIn
  if (isIn) live.start()
  else live.stop()
})
void session.check()
// A laptop that wakes up, or a network that is back, need not wait for the next try.
addEventListener('online', () => live.retryNow())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') live.retryNow()
})

createRoot(root).render(
  <StrictMode>
    <Gate session={session}>
      <App live={live} actions={actions} />
    </Gate>
  </StrictMode>,
)
