import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secondUs } from '../../records/time.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { anomalyOf, peerOf, shiftStartUs } from '../support/anomalies.ts'
import { launchBrowser } from '../support/browser.ts'
import { startWard } from '../support/ward.ts'

// From the anomalies topic to a real browser: memory bus, SQLite, alert stage, dashboard, Chromium.

let browser: Browser
let ward: Awaited<ReturnType<typeof startWard>>
let context: BrowserContext
let page: Page
/** Whatever the browser complains about: errors, refused scripts and styles. */
let complaints: string[]

beforeAll(async () => {
  ;[browser, ward] = await Promise.all([launchBrowser(), startWard()])
}, 120_000)

afterAll(async () => {
  await browser.close()
  await ward.stop()
})

beforeEach(async () => {
  complaints = []
  context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await ward.signIn(context)
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
})

afterEach(async () => {
  await context.close()
  expect(ward.failures).toEqual([])
})

let step = 0
/** An alert of its own device, later than all before. */
function nextAlert(name: string, changes: Partial<Anomaly> = {}): Anomaly {
  step++
  return anomalyOf({
    viewKey: `north|lan|ip:10.1.0.${step}`,
    oldestUs: shiftStartUs + step * 20 * secondUs,
    device: { address: `10.1.0.${step}`, mac: null, name },
    ...changes,
  })
}

const row = (text: string) => page.locator('.row', { hasText: text })
const isLive = () => page.locator('.line', { hasText: 'live' }).waitFor()
const open = async (hash = '') => {
  await page.goto(`${ward.url()}/${hash}`)
  await isLive()
}

describe('the live page', () => {
  test('says what is watched while there is nothing to show', async () => {
    await open()
    await page.getByText('No alerts').waitFor()
    expect(complaints).toEqual([])
  })

  test('shows a new alert at the top, without a reload, and counts it up', async () => {
    await ward.publish([nextAlert('older-device')])
    await open()
    await row('older-device').waitFor()
    const alert = nextAlert('pump-14', { score: 0.9 })
    await ward.publish([alert])
    await row('pump-14').waitFor()
    expect(await page.locator('.row').first().textContent()).toContain('pump-14')
    expect(await row('pump-14').textContent()).toContain('critical')
    await ward.publish([{ ...alert, count: 24, timeUs: alert.timeUs + secondUs }])
    await row('pump-14').getByText('×24').waitFor()
    expect(complaints).toEqual([])
  })

  test('holds new rows back while the list is read, and shows them on request', async () => {
    await ward.publish([nextAlert('read-me')])
    await open()
    await row('read-me').waitFor()
    await row('read-me').hover()
    const first = await page.locator('.row').first().textContent()
    await ward.publish([nextAlert('waits-its-turn')])
    const pill = page.getByRole('button', { name: '1 new' })
    await pill.waitFor()
    // The way from the rows to the button lets nothing go.
    await pill.hover()
    await ward.publish([nextAlert('waits-too')])
    await page.getByRole('button', { name: '2 new' }).waitFor()
    expect(await page.locator('.row').first().textContent()).toBe(first)
    await page.getByRole('button', { name: '2 new' }).click()
    await row('waits-its-turn').waitFor()
    expect(await page.locator('.row').first().textContent()).toContain('waits-too')
  })

  test('holds on when the pointer leaves and comes back between two drawings', async () => {
    await ward.publish([nextAlert('left-and-back')])
    await open()
    await row('left-and-back').hover()
    await page.getByText('Held while you read').waitFor()
    await page.evaluate(() => {
      const [list, body] = [document.querySelector('.list')!, document.body]
      const pointer = { bubbles: true, pointerType: 'mouse' }
      list.dispatchEvent(new PointerEvent('pointerout', { ...pointer, relatedTarget: body }))
      list.dispatchEvent(new PointerEvent('pointerover', { ...pointer, relatedTarget: body }))
    })
    await ward.publish([nextAlert('comes-meanwhile')])
    await page.getByRole('button', { name: '1 new' }).waitFor()
  })

  test('shows what it missed after its line was cut', async () => {
    await open()
    await ward.publish([nextAlert('before-the-cut')])
    await row('before-the-cut').waitFor()
    await ward.stopDashboard()
    await page.getByText('disconnected').waitFor()
    await page.getByText('Not connected').waitFor()
    await ward.publish([nextAlert('while-cut-1'), nextAlert('while-cut-2')])
    await ward.restartDashboard()
    await row('while-cut-1').waitFor()
    await row('while-cut-2').waitFor()
    await isLive()
    // Chromium itself reports each try that failed; nothing else may be wrong.
    const isTry = (text: string) => /ERR_CONNECTION_(REFUSED|RESET)/.test(text)
    expect(complaints.filter((text) => !isTry(text))).toEqual([])
  })

  test('opens an alert by keys, names it in the address, and closes it by Esc', async () => {
    await ward.publish([nextAlert('first-by-key'), nextAlert('second-by-key')])
    await open()
    await row('second-by-key').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const detail = page.getByRole('complementary', { name: 'Alert' })
    await detail.getByText('first-by-key').first().waitFor()
    expect(page.url()).toMatch(/#\/alerts\/[0-9a-f]{32}$/)
    await page.keyboard.press('k')
    await detail.getByText('second-by-key').first().waitFor()
    await page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    expect(complaints).toEqual([])
  })

  test('opens the alert that its address names', async () => {
    await ward.publish([
      nextAlert('linked-device', { score: 0.8, peers: [peerOf('10.60.1.20', 104)] }),
    ])
    await open()
    const id = await row('linked-device').getAttribute('data-alert-id')
    const other = await context.newPage()
    await other.goto(`${ward.url()}/#/alerts/${id}`)
    const detail = other.getByRole('complementary', { name: 'Alert' })
    await detail.getByText('8 (threshold 8)').waitFor()
    await detail.getByText('T1046', { exact: true }).waitFor()
    await detail.getByText('tcp port 104').waitFor()
    await detail.getByText('Nothing is learned of this device yet.').waitFor()
  })

  test.each([
    { name: 'a nurse-station PC', width: 1366, height: 768 },
    { name: 'a phone', width: 390, height: 844 },
  ])('fits $name without scrolling sideways', async ({ width, height }) => {
    await page.setViewportSize({ width, height })
    const device = `${width}-px-wide-page-and-a-name-of-sixty-characters-for-it-all`
    await ward.publish([nextAlert(device)])
    await open()
    await row(device).click()
    await page.getByRole('complementary', { name: 'Alert' }).getByText('Why now').waitFor()
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(overflow).toBe(0)
  })
})
