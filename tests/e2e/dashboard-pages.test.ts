import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ReadEvidence } from '../../dashboard/routes/evidence.ts'
import { captureOf } from '../../ingest/adapters/evidence-reader.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { secondUs } from '../../records/time.ts'
import { addUser, logIn, tester } from '../support/accounts.ts'
import { anomalyOf, peerOf, shiftStartUs } from '../support/anomalies.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTestLookup, createTestSeries, storedFlow } from '../support/history-doubles.ts'
import { hostileStrings } from '../support/hostile-strings.ts'
import { knownDevice, learnDevices } from '../support/known-devices.ts'
import { sensorOf } from '../support/sensor-status.ts'
import { startWard } from '../support/ward.ts'

// What people do on the pages, in a real browser: from the anomalies topic to Chromium and back into the store.

const nowUs = shiftStartUs
const history = createTestLookup([
  storedFlow('10.1.0.14', '10.1.0.20'),
  storedFlow('10.1.0.66', '10.1.0.14', { respPort: 22, service: 'ssh', connState: 'REJ' }),
])
/** Of every alert, one packet was kept. */
const keptPackets: ReadEvidence = () => {
  const packet = { timeUs: nowUs, originalLength: 60, bytes: new Uint8Array(60) }
  const line = {
    time: '2026-03-02T08:00:00.000001Z',
    source: '10.1.0.66:40000',
    destination: '10.1.0.14:22',
    protocol: 'tcp',
    bytes: 60,
    info: 'SYN',
  }
  return Promise.resolve({ lines: [line], files: [], capture: () => captureOf([packet]) })
}
let browser: Browser
let ward: Awaited<ReturnType<typeof startWard>>
let page: Page
/** Whatever the browser complains about: errors, refused scripts and styles. */
let complaints: string[]

beforeAll(async () => {
  ;[browser, ward] = await Promise.all([
    launchBrowser(),
    startWard({
      sensors: () => [sensorOf({ heardMs: Date.now(), clockUs: (Date.now() - 400) * 1000 })],
      services: { series: createTestSeries(), lookup: history.lookup, evidence: keptPackets },
    }),
  ])
  await addUser(ward.accounts, 'second', 'analyst')
  await addUser(ward.accounts, 'auditor', 'auditor')
  await learnDevices(ward.states, [
    knownDevice('10.1.0.14', nowUs),
    knownDevice('10.1.0.15', nowUs, { name: 'ct-3', state: 'established' }),
    ...hostileStrings.slice(0, 30).map((text, index) =>
      knownDevice(
        `10.2.0.${index + 1}`,
        nowUs,
        {
          name: `host-${index}:${text}`,
          vendor: text,
          zone: text,
          address: `10.2.0.${index + 1}`,
        },
        { identity: [{ kind: 'dicom-title', value: text, firstUs: nowUs, lastUs: nowUs }] },
      ),
    ),
  ])
}, 120_000)

afterAll(async () => {
  await browser.close()
  await ward.stop()
})

/** One browser session a user, logged in once. */
const contexts = new Map<string, BrowserContext>()

async function contextOf(name: string): Promise<BrowserContext> {
  const known = contexts.get(name)
  if (known !== undefined) return known
  const own = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  contexts.set(name, own)
  await own.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await ward.signIn(own, { ...tester, name })
  return own
}

/** A page of somebody's own. */
async function openAs(name: string, hash = '#/alerts'): Promise<Page> {
  const opened = await (await contextOf(name)).newPage()
  opened.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  opened.on('pageerror', (error) => complaints.push(error.message))
  await opened.goto(`${ward.url()}/${hash}`)
  await opened.locator('.line', { hasText: 'live' }).waitFor()
  return opened
}

beforeEach(async () => {
  complaints = []
  page = await openAs(tester.name)
})

afterEach(async () => {
  for (const own of contexts.values()) for (const each of own.pages()) await each.close()
  expect(complaints).toEqual([])
  expect(ward.failures).toEqual([])
})

let step = 0
/** An alert of its own device, later than all before. */
function nextAlert(name: string, changes: Partial<Anomaly> = {}): Anomaly {
  step++
  return anomalyOf({
    viewKey: `north|lan|ip:10.1.9.${step}`,
    oldestUs: shiftStartUs + step * 20 * secondUs,
    device: { address: `10.1.9.${step}`, mac: null, name },
    ...changes,
  })
}

const row = (text: string, on = page) => on.locator('.row', { hasText: text })
const status = (text: string, on = page) => row(text, on).locator('.row-status')
const detailOf = (on = page) => on.getByRole('complementary', { name: 'Alert' })

/** Brings the focus to the row, as j and k do. */
const focus = (text: string) => row(text).locator('.row-link').focus()

describe('an alert', () => {
  test('is acknowledged by key and undone by key, and others see it live', async () => {
    await ward.publish([nextAlert('by-key')])
    const other = await openAs('second')
    await row('by-key').waitFor()
    await focus('by-key')
    await page.keyboard.press('a')
    await status('by-key').getByText('acknowledged · tester').waitFor()
    await status('by-key', other).getByText('acknowledged · tester').waitFor()
    await page.keyboard.press('u')
    await status('by-key', other).getByText('new', { exact: true }).waitFor()
    await status('by-key').getByText('new', { exact: true }).waitFor()
  })

  test('is taken on and closed by mouse, leaves the list, and comes back by undo', async () => {
    await ward.publish([nextAlert('by-mouse')])
    await row('by-mouse').locator('.row-link').click()
    await detailOf().getByRole('button', { name: 'In progress' }).click()
    await detailOf().getByText('in progress · tester').waitFor()
    await detailOf().getByRole('button', { name: 'Close…' }).click()
    await page.getByRole('radio', { name: 'Benign, expected' }).check()
    await page.getByLabel('Why, in one line').fill('nightly back-up')
    await page.getByRole('button', { name: 'Close alert' }).click()
    await detailOf().getByText('closed: benign, expected · tester').waitFor()
    await detailOf().getByText('“nightly back-up”').first().waitFor()
    await detailOf().getByText('closed it: benign, expected').waitFor()
    // Nothing moves under the pointer: the row goes when the list is left.
    await page.mouse.move(700, 10)
    await page.keyboard.press('Escape')
    await row('by-mouse').waitFor({ state: 'detached' })
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
    await status('by-mouse').getByText('in progress · tester').waitFor()
  })

  test('is closed as a false positive by keys alone', async () => {
    await ward.publish([nextAlert('no-mouse')])
    await row('no-mouse').waitFor()
    await focus('no-mouse')
    await page.keyboard.press('f')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('the scanner of the IT department')
    await page.keyboard.press('Enter')
    await row('no-mouse').waitFor({ state: 'detached' })
    const [entry] = await ward.states.audit.list({ limit: 1, action: 'alert.close' })
    expect(entry).toMatchObject({ by: tester.name, details: { verdict: 'false' } })
  })

  test('that somebody else has changed meanwhile is rolled back, and says who it was', async () => {
    await ward.publish([nextAlert('contested')])
    await row('contested').waitFor()
    const id = await row('contested').getAttribute('data-alert-id')
    const other = await logIn(ward.url(), { ...tester, name: 'second' })
    await page.route('**/actions', async (route) => {
      const { revision } = route.request().postDataJSON() as { revision: number }
      const body = JSON.stringify({ action: 'start', revision })
      const headers = { ...other, 'content-type': 'application/json' }
      const url = `${ward.url()}/api/alerts/${id}/actions`
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200)
      await route.continue()
    })
    await focus('contested')
    await page.keyboard.press('a')
    await page.locator('.toast').getByText('second was faster').waitFor()
    await status('contested').getByText('in progress · second').waitFor()
    // The browser itself reports the refusal.
    complaints = complaints.filter((text) => !text.includes('409'))
  })

  test('can be picked with others, and all are closed at once', async () => {
    await ward.publish([nextAlert('many-1'), nextAlert('many-2'), nextAlert('many-3')])
    await row('many-3').waitFor()
    await focus('many-3')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Shift+X')
    await page.getByText('3 picked').waitFor()
    await page.keyboard.press('c')
    await page.getByRole('heading', { name: 'Close 3 alerts' }).waitFor()
    await page.getByRole('radio', { name: 'True' }).check()
    await page.getByLabel('Why, in one line').fill('one test of all')
    await page.keyboard.press('Enter')
    await page.getByText('3 alerts: closed').waitFor()
    await row('many-').waitFor({ state: 'detached' })
  })

  test('offers an auditor nothing that would be refused', async () => {
    await ward.publish([nextAlert('read-only')])
    const auditor = await openAs('auditor')
    await row('read-only', auditor).locator('.row-link').click()
    await detailOf(auditor).getByText('Why now').waitFor()
    expect(await auditor.getByRole('button', { name: /Acknowledge|Close…/ }).count()).toBe(0)
  })

  test('shows what else there is: the day before, the flows, and other alerts', async () => {
    const peer = peerOf('10.1.0.66', 23)
    const parts = { viewKey: 'north|lan|ip:10.1.0.14', peers: [peer] }
    await ward.publish([
      nextAlert('in-context', { ...parts, objectGroup: 'a' }),
      nextAlert('in-context', { ...parts, objectGroup: 'b', behaviour: 'login-burst' }),
      nextAlert('by-the-same-peer', { peers: [peer] }),
    ])
    await row('Port scan').filter({ hasText: 'in-context' }).locator('.row-link').click()
    await detailOf().locator('.chart canvas').waitFor()
    await detailOf()
      .getByRole('region', { name: 'Related alerts' })
      .getByText('Login burst')
      .waitFor()
    await detailOf().getByText('by-the-same-peer').waitFor()
    await detailOf().getByRole('button', { name: 'Show the flows of these two' }).click()
    await detailOf().getByText('dicom').waitFor()
    expect(history.asked.at(-1)).toMatchObject({
      device: 'north|lan|ip:10.1.0.14',
      peer: '10.1.0.66',
    })
  })
})

test('the packets that were kept of an alert are listed and taken along, on record', async () => {
  await ward.publish([nextAlert('with-evidence')])
  await row('with-evidence').locator('.row-link').click()
  const panel = detailOf().getByRole('region', { name: 'Packets' })
  await panel.getByRole('button', { name: 'Show the packets that were kept' }).click()
  await panel.getByText('10.1.0.66:40000 → 10.1.0.14:22').waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    panel.getByRole('link', { name: /as a capture file/ }).click(),
  ])
  const file = readFileSync(await download.path())
  expect([file.readUInt32LE(0), file.length]).toEqual([0xa1b2c3d4, 24 + 16 + 60])
  const entries = await ward.states.audit.list({ limit: 2 })
  const actions = entries.map(({ action }) => action)
  expect(actions).toEqual(['evidence.download', 'evidence.look-up'])
})

describe('the address', () => {
  test('holds the filters, and what it names is what is shown', async () => {
    await ward.publish([
      nextAlert('filter-low', { score: 0.4 }),
      nextAlert('filter-high', { score: 0.8 }),
    ])
    await row('filter-low').waitFor()
    await page.getByLabel('Severity').selectOption('high')
    await row('filter-low').waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.keyboard.type('-site:south filter')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Remove filter: site ≠ south' }).waitFor()
    const shared = await openAs('second', new URL(page.url()).hash)
    await row('filter-high', shared).waitFor()
    expect(await shared.locator('.row').count()).toBe(1)
  })

  test('is walked by keys: g d to the devices, g s to the sensors, g a back', async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.getByRole('heading', { name: 'Sensors' }).waitFor()
    await page.getByRole('row', { name: /north\/tap-1/ }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.getByRole('region', { name: 'Alerts' }).waitFor()
    await page.locator('.strip', { hasText: 'north/tap-1' }).waitFor()
  })
})

describe('a device', () => {
  test('is found by name, and its page tells who it is and what is usual', async () => {
    await page.goto(`${ward.url()}/#/devices`)
    await page.keyboard.press('/')
    await page.keyboard.type('PUMP')
    await page.getByText('1 device found').waitFor()
    await page.getByRole('link', { name: 'pump-14' }).click()
    await page.getByRole('heading', { name: 'pump-14' }).waitFor()
    await page.locator('.chart canvas').waitFor()
    const identity = page.getByRole('region', { name: 'Identity' })
    await identity.getByText('ICU_PUMP').waitFor()
    const learning = page.getByRole('region', { name: 'Learning' })
    await learning.getByText('5 of 7 days with traffic').waitFor()
    const peers = page.getByRole('region', { name: 'Peers and services' })
    await peers.getByText('2 approved, 2 learned, 1 new').waitFor()
    await peers.getByLabel('Standing').selectOption('new')
    await peers.getByText('10.1.0.66').waitFor()
    expect(await peers.locator('tbody tr').count()).toBe(1)
    await page.getByRole('button', { name: '7 d' }).click()
    await page.waitForURL(/range=7d/)
  })

  test('is looked up in the history, and that goes on record', async () => {
    await page.goto(`${ward.url()}/#/devices/${encodeURIComponent('north|lan|ip:10.1.0.14')}`)
    const panel = page.getByRole('region', { name: 'History' })
    await panel.getByLabel('With').fill('10.1.0.20')
    await panel.getByRole('button', { name: 'Look up' }).click()
    await panel.getByText('2 flows, sent 1.2 MB, received 36 kB.').waitFor()
    expect(await panel.locator('tbody tr').count()).toBe(2)
    expect(history.asked.at(-1)).toMatchObject({ peer: '10.1.0.20', limit: 200 })
    const [entry] = await ward.states.audit.list({ limit: 1, action: 'history.look-up' })
    expect(entry).toMatchObject({ by: tester.name, object: 'north|lan|ip:10.1.0.14' })
  })

  test('is shown without its chart where the server has a newer page', async () => {
    await page.route('**/assets/chart-canvas-*.js', (route) => route.fulfill({ status: 404 }))
    await page.goto(`${ward.url()}/#/devices/${encodeURIComponent('north|lan|ip:10.1.0.14')}`)
    await page.getByText('The server has a newer version of this page.').waitFor()
    await page.getByRole('region', { name: 'Identity' }).getByText('ICU_PUMP').waitFor()
    // React and the browser report what could not be loaded.
    complaints = complaints.filter((text) => !/404|chart-canvas|TrafficChart/.test(text))
  })

  test('that nobody knows is said to be unknown', async () => {
    await page.goto(`${ward.url()}/#/devices/nobody`)
    await page.getByText('Nothing is known of a device').waitFor()
    complaints = complaints.filter((text) => !text.includes('404'))
  })
})

test('hostile names of devices are text, in the list and on their pages', async () => {
  await page.goto(`${ward.url()}/#/devices?q=host-`)
  await page.getByText('30 devices found').waitFor()
  for (const [index, text] of hostileStrings.slice(0, 30).entries()) {
    const link = page
      .locator('.devices a')
      .filter({ hasText: `host-${index}:` })
      .first()
    expect(await link.textContent()).toBe(`host-${index}:${text}`)
  }
  for (const index of [0, 7, 15]) {
    const text = hostileStrings[index]!
    const key = encodeURIComponent(`north|lan|ip:10.2.0.${index + 1}`)
    await page.goto(`${ward.url()}/#/devices/${key}`)
    const heading = page.getByRole('heading', { level: 1 })
    await heading.filter({ hasText: `host-${index}:` }).waitFor()
    expect(await heading.textContent()).toBe(`host-${index}:${text}`)
  }
  expect(await page.evaluate(() => 'wasRun' in globalThis)).toBe(false)
  expect(ward.policyReports()).toBe(0)
})

test('every page fits a nurse-station PC and a phone without scrolling sideways', async () => {
  const device = `#/devices/${encodeURIComponent('north|lan|ip:10.1.0.14')}`
  for (const hash of ['#/alerts', '#/devices', device, '#/sensors', '#/account']) {
    await page.goto(`${ward.url()}/${hash}`)
    await page.locator('.row, .table, .empty, .account').first().waitFor()
    for (const size of [
      { width: 1366, height: 768 },
      { width: 390, height: 844 },
    ]) {
      await page.setViewportSize(size)
      const overflow = await page.evaluate(() => {
        const boxes = [document.documentElement, document.querySelector('main')!]
        return Math.max(...boxes.map((box) => box.scrollWidth - box.clientWidth))
      })
      expect([hash, size.width, overflow]).toEqual([hash, size.width, 0])
    }
  }
})
