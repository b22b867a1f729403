import './zod-setup.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { createLiveAlerts } from './data/live-alerts.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const address = new URL('/api/live', location.href)
address.protocol = address.protocol.replace('http', 'ws')
const live = createLiveAlerts({
  open: () => new WebSocket(address),
  now: () => Date.now(),
  random: () => Math.random(),
})
live.start()
// A laptop that wakes up, or a network that is back, need not wait for the next try.
addEventListener('online', () => live.retryNow())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') live.retryNow()
})

createRoot(root).render(
  <StrictMode>
    <App live={live} />
  </StrictMode>,
)
