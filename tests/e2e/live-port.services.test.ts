import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ConfigInput } from '../../app/config.ts'
import { launchBrowser } from '../support/browser.ts'
import { startArchive, startSshServer } from '../support/lab-servers.ts'
import { capturesOn, type LiveService, startLiveService } from '../support/live-service.ts'
import {
  clientAddress,
  createMirrorLab,
  type MirrorLab,
  serverAddress,
} from '../support/mirror-lab.ts'

// A hospital in two network namespaces, its switch's mirror port, the service as an operator starts it, and a browser.
// Needs root, iproute2, tcpdump, OpenSSH, DCMTK (scripts/ci-tools.sh).

let lab: MirrorLab
let folder: string
let service: LiveService
let browser: Browser
let page: Page
let sshServer: ReturnType<typeof startSshServer>
let archive: ReturnType<typeof startArchive>

const config = (): ConfigInput => ({
  input: { interface: lab.port, dropReportSeconds: 0.2, reconnectSecondsMax: 0.5 },
  analyzer: { checkpointSeconds: 0.5 },
  inventory: {
    devices: [{ name: 'archive', address: serverAddress, deviceClass: 'medical' }],
    callers: { dicom: [{ title: 'CT1', address: clientAddress(1) }] },
  },
})

/** However slow the machine is. */
const eventually = <T>(check: () => T | Promise<T>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 100 })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wardwatch-port-'))
  lab = createMirrorLab()
  sshServer = startSshServer(lab, folder)
  archive = startArchive(lab, folder)
  service = await startLiveService(folder, config())
  browser = await launchBrowser()
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  await service.signIn(context)
  page = await context.newPage()
  await page.goto(`${service.url}/`)
  await page.locator('.line', { hasText: 'live' }).waitFor()
}, 180_000)

afterAll(async () => {
  await browser.close()
  await service.end('SIGKILL')
  await lab.close()
  rmSync(folder, { recursive: true })
}, 60_000)

const alertOf = async (behaviour: string, peer: string) =>
  (await service.alerts()).find(
    (alert) => alert.behaviour === behaviour && alert.peers.some(({ address }) => address === peer),
  )

/** Log lines that tell of one. */
function learningGaps(log: string) {
  const lines = log.split('\n').filter((line) => line.includes('"nothing learned meanwhile"'))
  return lines.map((line) => JSON.parse(line) as Record<'partition' | 'fromUs' | 'toUs', number>)
}

describe('a mirror port, watched live', () => {
  test('is captured by a process that has given its rights up', async () => {
    await eventually(() => expect(capturesOn(lab.port)).toHaveLength(1))
    await eventually(async () =>
      expect(await service.sensor()).toMatchObject({
        isLive: true,
        capture: { downSinceUs: null },
      }),
    )
    expect(capturesOn(lab.port)[0]).toMatchObject({ uid: 65_534, capabilities: '0000000000000000' })
  })

  test('shows guessing at a real sshd, in a browser, while it happens', async () => {
    for (let attempt = 0; attempt < 12; attempt++) await sshServer.refuse(7)
    await page
      .locator('.row', { hasText: clientAddress(7) })
      .first()
      .waitFor({ timeout: 60_000 })
    const alert = await eventually(async () => {
      const found = await alertOf('login-burst', clientAddress(7))
      expect(found?.count).toBeGreaterThanOrEqual(8)
      return found!
    })
    expect(alert).toMatchObject({ severity: 'high', device: { addresses: [serverAddress] } })
    expect(await alertOf('login-after-burst', clientAddress(7))).toBeUndefined()
  })

  test('shows a DICOM station that nobody declared, and is silent about the one that is', async () => {
    expect(await eventually(() => archive.store('CT1'))).toBe(0)
    expect(await archive.store('ROGUE')).toBe(0)
    const alert = await eventually(async () => {
      const found = await alertOf('unauthorized-access', clientAddress(1))
      expect(found).toBeDefined()
      return found!
    })
    expect(JSON.stringify(alert.why)).toContain('ROGUE')
    expect(JSON.stringify(await service.alerts())).not.toContain('CT1')
    await page
      .locator('.row', { hasText: clientAddress(1) })
      .first()
      .waitFor({ timeout: 60_000 })
  })

  test('counts packets of which none is dropped, and a clock that goes on without any', async () => {
    const before = await service.sensor()
    expect(before.packets).toBeGreaterThan(100)
    expect(before).toMatchObject({ dropped: 0, rejects: {} })
    await eventually(async () => {
      const { clockUs } = await service.sensor()
      expect(clockUs).toBeGreaterThan(before.clockUs + 2e6)
    })
    const { clockUs, heardMs } = await service.sensor()
    expect(heardMs - clockUs / 1000).toBeLessThan(10_000)
  })

  test('that goes and comes back is watched again, with its gap on record', async () => {
    lab.removePort()
    await eventually(async () =>
      expect((await service.sensor()).capture?.downSinceUs).toBeGreaterThan(0),
    )
    lab.restorePort()
    await eventually(async () =>
      expect(await service.sensor()).toMatchObject({
        capture: { downSinceUs: null, lastGap: { cause: 'interface-gone' } },
      }),
    )
    expect(service.log()).toContain('capture gap recorded')
    for (let attempt = 0; attempt < 10; attempt++) await sshServer.refuse(9)
    await eventually(async () =>
      expect(await alertOf('login-burst', clientAddress(9))).toBeDefined(),
    )
  })

  test('leaves no capture behind when the service is killed, and goes on with what it knew', async () => {
    const known = (await service.alerts()).map(({ id }) => id)
    expect(known.length).toBeGreaterThanOrEqual(3)
    const [before] = capturesOn(lab.port)
    const killedMs = Date.now()
    await service.end('SIGKILL')
    // It ends at the first packet that it cannot hand over.
    await eventually(async () => {
      await sshServer.refuse(11)
      expect(capturesOn(lab.port).map(({ pid }) => pid)).not.toContain(before!.pid)
    })
    const startedMs = Date.now()
    service = await startLiveService(folder, config())
    expect((await service.alerts()).map(({ id }) => id)).toEqual(expect.arrayContaining(known))
    await eventually(() => expect(capturesOn(lab.port)).toHaveLength(1))
    await eventually(async () => {
      await sshServer.refuse(13)
      expect(await alertOf('login-burst', clientAddress(13))).toBeDefined()
    })
    // What the analyzer had not committed, and what nobody watched: once for each partition.
    const gaps = learningGaps(service.log())
    expect(gaps.map(({ partition }) => partition).toSorted()).toEqual([0, 1, 2, 3])
    for (const { fromUs, toUs } of gaps) {
      expect(fromUs / 1000).toBeLessThanOrEqual(killedMs)
      // A checkpoint is due each half a second; the machine may be slow.
      expect(fromUs / 1000).toBeGreaterThan(killedMs - 20_000)
      expect(toUs / 1000).toBeGreaterThan(startedMs)
    }
  })

  test('is left in order on SIGTERM', async () => {
    expect(await service.end('SIGTERM'), service.log()).toBe(0)
    expect(capturesOn(lab.port)).toEqual([])
  })
})
