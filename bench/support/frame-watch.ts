import type { Browser } from 'playwright-core'
import type { LiveService } from '../../tests/support/live-service.ts'
import { launchBrowser } from '../../tests/support/browser.ts'

/** When an alert arrived at the page, by the first frame that told of it. */
export interface ArrivedFrame {
  /** Clock of the browser, in ms since the epoch: that of this machine. */
  readonly atMs: number
  /** Event time of what made it an alert: the stamp of the packet that decided, in ms. */
  readonly decidedMs: number
}

export interface FrameWatch {
  /** First frames by the address of the alert's peer. */
  readonly frames: ReadonlyMap<string, ArrivedFrame>
  close(): Promise<void>
}

/** Opens the real page in a real browser, logged in, and notes when frames arrive on its live connection. */
export async function watchFrames(service: LiveService): Promise<FrameWatch> {
  const browser: Browser = await launchBrowser()
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  await service.signIn(context)
  const frames = new Map<string, ArrivedFrame>()
  await context.exposeFunction('noteFrame', (peer: string, atMs: number, lastSeen: string) => {
    if (!frames.has(peer)) frames.set(peer, { atMs, decidedMs: Date.parse(lastSeen) })
  })
  await context.addInitScript(noteFrames)
  const page = await context.newPage()
  await page.goto(`${service.url}/`)
  await page.locator('.line', { hasText: 'live' }).waitFor()
  return { frames, close: () => browser.close() }
}

/** Runs in the page, before its own scripts: its socket is the browser's, with one more listener. */
function noteFrames(): void {
  const note = Reflect.get(window, 'noteFrame') as (...told: unknown[]) => Promise<void>
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }) => {
        const atMs = performance.timeOrigin + performance.now()
        const message = JSON.parse(String(data)) as {
          type: string
          alert?: { peers: { address: string | null }[]; lastSeen: string }
        }
        const { alert } = message
        if (message.type === 'delta' && alert !== undefined)
          void note(alert.peers[0]?.address, atMs, alert.lastSeen)
      })
    }
  }
}
