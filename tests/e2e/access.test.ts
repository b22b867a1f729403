import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { newToken } from '../../dashboard/access/tokens.ts'
import { cookieName } from '../../dashboard/http/cookies.ts'
import { secondUs } from '../../records/time.ts'
import { tester } from '../support/accounts.ts'
import { anomalyOf, peerOf, shiftStartUs } from '../support/anomalies.ts'
import { launchBrowser } from '../support/browser.ts'
import { hostileStrings } from '../support/hostile-strings.ts'
import { startWard } from '../support/ward.ts'

// Who comes in and who does not, and what attackers write, in a real Chromium.

let browser: Browser
let ward: Awaited<ReturnType<typeof startWard>>
let context: BrowserContext
let page: Page
/** Whatever the browser complains about: errors, refused scripts and styles. */
let complaints: string[]
/** A site that an attacker runs; it also sets the cookie that it is told to. */
let attacker: Server
let plantedCookie = ''

beforeAll(async () => {
  attacker = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    if (plantedCookie !== '') response.setHeader('set-cookie', plantedCookie)
    response.end('<!doctype html><title>attacker</title>')
  })
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve))
  ;[browser, ward] = await Promise.all([launchBrowser(), startWard({ hasNoUsers: true })])
}, 120_000)

afterAll(async () => {
  await browser.close()
  await ward.stop()
  attacker.close()
  attacker.closeAllConnections()
})

beforeEach(async () => {
  complaints = []
  plantedCookie = ''
  context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  page = await openPage()
})

afterEach(async () => {
  await context.close()
  expect(ward.failures).toEqual([])
  expect(ward.policyReports()).toBe(0)
})

async function openPage(): Promise<Page> {
  const opened = await context.newPage()
  opened.on('pageerror', (error) => complaints.push(error.message))
  opened.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  opened.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return opened
}

const isLive = (at = page) => at.locator('.line', { hasText: 'live' }).waitFor()
const logInForm = (at = page) => at.getByRole('heading', { name: 'Log in' })
const attackerAt = (host: string) => `http://${host}:${(attacker.address() as AddressInfo).port}/`
/** Whether the browser's session is in force, as the server sees it. */
const isIn = () =>
  page.evaluate(async () => {
    const answer = await fetch('/api/session')
    return ((await answer.json()) as { user: object | null }).user !== null
  })

describe('the first start', () => {
  test('leads from the printed link to the live page, by keys alone', async () => {
    await page.goto(ward.url())
    await page.getByText('Nobody can log in yet').waitFor()
    const link = (await ward.setUpLink())!
    await page.goto(link)
    await page.getByRole('heading', { name: 'First administrator' }).waitFor()
    await page.keyboard.type(tester.name)
    await page.keyboard.press('Tab')
    await page.keyboard.type('short')
    await page.keyboard.press('Tab')
    await page.keyboard.type('other')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('not the same password').waitFor()
    const [password, again] = [
      page.getByLabel('Password', { exact: true }),
      page.getByLabel('Password again'),
    ]
    await again.fill('short')
    await again.press('Enter')
    // Said beside the field, and read out.
    await page.getByRole('alert').getByText('at least 12 characters').waitFor()
    expect(await password.getAttribute('aria-invalid')).toBe('true')
    await password.fill(tester.password)
    await again.fill(tester.password)
    await again.press('Enter')
    await isLive()
    expect(page.url()).toBe(`${ward.url()}/#/alerts`)
    // 400 for the short password is the only thing the browser had to report.
    expect(complaints).toEqual([expect.stringContaining('400')])
  })

  test('cannot be repeated with the link', async () => {
    expect(await ward.setUpLink()).toBeNull()
  })
})

describe('log-in', () => {
  test('lets in with the right password only, and goes on where the address points', async () => {
    await ward.publish([nextAlert('linked-device')])
    const { id } = (await ward.states.alerts.list({ limit: 1, scoreMin: 0 }))[0] ?? { id: '' }
    await page.goto(`${ward.url()}/#/alerts/${id}`)
    await logInForm().waitFor()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('name')
    await page.keyboard.type(tester.name)
    await page.keyboard.press('Tab')
    await page.keyboard.type('not the password')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Name or password is wrong.').waitFor()
    await page.getByLabel('Password').fill(tester.password)
    await page.keyboard.press('Enter')
    await isLive()
    expect(page.url()).toBe(`${ward.url()}/#/alerts/${id}`)
    // No script sees the cookie.
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  test('is asked for in every tab as soon as one logs out', async () => {
    await ward.signIn(context)
    await page.goto(`${ward.url()}/#/devices`)
    await isLive()
    const other = await openPage()
    await other.goto(`${ward.url()}/#/account`)
    await other.getByText('this browser').waitFor()
    await other.getByRole('button', { name: 'Log out', exact: true }).first().click()
    await logInForm(other).waitFor()
    await page.getByText('Your session has ended').waitFor({ timeout: 5000 })
    expect(await isIn()).toBe(false)
    await page.getByLabel('Name').fill(tester.name)
    await page.getByLabel('Password').fill(tester.password)
    await page.keyboard.press('Enter')
    await isLive()
    expect(page.url()).toBe(`${ward.url()}/#/devices`)
  })

  test('never takes over a session id that an attacker has planted', async () => {
    const token = newToken()
    plantedCookie = `${cookieName(Number(new URL(ward.url()).port))}=${token}; Path=/; Secure`
    // Cookies do not know ports: another server of this machine can set one of that name.
    await page.goto(attackerAt('127.0.0.1'))
    expect((await context.cookies(ward.url().replace('http', 'https')))[0]?.value).toBe(token)
    await page.goto(ward.url())
    await logInForm().waitFor()
    await page.getByLabel('Name').fill(tester.name)
    await page.getByLabel('Password').fill(tester.password)
    await page.keyboard.press('Enter')
    await isLive()
    const cookies = await context.cookies(ward.url().replace('http', 'https'))
    expect(cookies.map(({ value }) => value)).not.toContain(token)
    const { host } = new URL(ward.url())
    const planted = { cookie: plantedCookie.split(';')[0]!, host }
    expect((await fetch(`${ward.url()}/api/alerts`, { headers: planted })).status).toBe(401)
  })
})

describe('another site that the user visits', () => {
  beforeEach(async () => {
    await ward.signIn(context)
    await page.goto(ward.url())
    await isLive()
  })

  // The same host on another port is the same site to a browser: its cookies go along, SameSite or not.
  test.each(['127.0.0.1', 'localhost'])(
    'at %s opens no socket, reads nothing and changes nothing',
    async (host) => {
      const evil = await openPage()
      const statuses: number[] = []
      evil.on('response', (response) => {
        if (response.url().startsWith(ward.url())) statuses.push(response.status())
      })
      await evil.goto(attackerAt(host))
      const outcome = await evil.evaluate(async (url) => {
        const line = await new Promise<string>((resolve) => {
          const socket = new WebSocket(`${url.replace('http', 'ws')}/api/live`)
          socket.onopen = () => resolve('open')
          socket.onclose = () => resolve('closed')
        })
        const read = await fetch(`${url}/api/alerts`, { credentials: 'include' }).then(
          () => 'read',
          () => 'blocked',
        )
        const simple = { mode: 'no-cors', credentials: 'include', body: '{}' } as const
        for (const path of ['/api/session/activity', '/api/session', '/api/set-up'])
          // The answer is kept from the attacker (Cross-Origin-Resource-Policy); `statuses` tells what it was.
          await fetch(`${url}${path}`, { method: 'POST', ...simple }).catch(() => null)
        const asked = await fetch(`${url}/api/session`, {
          method: 'DELETE',
          credentials: 'include',
        }).then(
          () => 'sent',
          () => 'blocked',
        )
        return { line, read, asked }
      }, ward.url())
      expect(outcome).toEqual({ line: 'closed', read: 'blocked', asked: 'blocked' })
      expect(statuses.filter((status) => status < 400)).toEqual([])
      expect(await isIn()).toBe(true)
    },
  )

  test('posts a form in vain', async () => {
    const evil = await openPage()
    await evil.goto(attackerAt('127.0.0.1'))
    await evil.evaluate((url) => {
      const form = document.createElement('form')
      form.method = 'post'
      form.enctype = 'text/plain'
      form.action = `${url}/api/session`
      form.innerHTML = `<input name='{"name":"eve","password":"' value='"}'>`
      document.body.append(form)
      form.submit()
    }, ward.url())
    await evil.waitForURL(`${ward.url()}/api/session`)
    expect(await evil.textContent('body')).toBe('{"error":"another site"}')
    expect(await isIn()).toBe(true)
  })

  test('frames the page in vain', async () => {
    const evil = await openPage()
    await evil.goto(attackerAt('127.0.0.1'))
    await evil.evaluate((url) => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
      return new Promise((resolve) => (frame.onload = resolve))
    }, ward.url())
    expect(await evil.frames()[1]?.locator('#root').count()).toBe(0)
    // The one report that is meant to be there: somebody tried.
    await vi.waitFor(() => expect(ward.policyReports()).toBe(1))
    ward.forgetPolicyReports()
  })
})

let step = 0
/** An alert of its own device, later than all before. */
function nextAlert(name: string, changes: object = {}) {
  step++
  return anomalyOf({
    viewKey: `north|lan|ip:10.1.0.${step}`,
    oldestUs: shiftStartUs + step * 20 * secondUs,
    device: { address: `10.1.0.${step}`, mac: null, name },
    score: 0.7,
    ...changes,
  })
}

describe('what attackers write', () => {
  test('as host names, sentences, AE titles and user agents is shown as text', async () => {
    expect(hostileStrings).toHaveLength(100)
    const titles = hostileStrings.map((text, index) => [`callingTitle${index}`, text])
    const agents = hostileStrings.map((text, index) => [`userAgent${index}`, text])
    await ward.publish([
      ...hostileStrings.map((text, index) =>
        nextAlert(`${tagOf(index)}${text}`, {
          summary: text,
          objectGroup: text,
          why: { [text]: text },
          peers: [{ ...peerOf('10.60.1.20', 80), name: text }],
        }),
      ),
      nextAlert('who-calls', { why: Object.fromEntries([...titles, ...agents]) as object }),
    ])
    await ward.signIn(context)
    await page.goto(ward.url())
    await isLive()
    await page.locator('.row', { hasText: 'who-calls' }).waitFor()
    const devices = await page.locator('.row-device').allTextContents()
    const sentences = await page.locator('.row-summary').allTextContents()
    for (const [index, text] of hostileStrings.entries()) {
      expect(devices).toContain(`${tagOf(index)}${text}`)
      expect(sentences).toContain(text)
    }
    const detail = page.getByRole('complementary', { name: 'Alert' })
    const openDetail = (name: string) =>
      page.locator('.row', { hasText: name }).locator('.row-link').evaluate(clickIt)
    await openDetail('who-calls')
    await detail.getByText('Why now').waitFor()
    await vi.waitFor(async () => {
      const values = await detail.locator('dd').allTextContents()
      for (const text of hostileStrings)
        expect(values.filter((value) => value === text).length).toBeGreaterThanOrEqual(2)
    }, 10_000)
    // One by one for some: keys, peers and what the address, the title and the traffic chart make of them.
    for (let index = 0; index < hostileStrings.length; index += 12) {
      await openDetail(tagOf(index))
      const sentence = detail.locator('.sentence')
      await vi.waitFor(
        async () => expect(await sentence.textContent()).toBe(hostileStrings[index]),
        10_000,
      )
    }
    await expectNothingRan()
  }, 60_000)

  test('as the user agent of their log-in is shown as text in the account', async () => {
    const user = await ward.accounts.access.userNamed(tester.name)
    for (const [index, agent] of hostileStrings.entries()) {
      const row = { hash: `hostile-${index}`, userId: user!.id, from: agent, agent }
      const nowMs = Date.now()
      const entry = {
        atMs: nowMs,
        by: agent,
        from: agent,
        action: 'test',
        object: agent,
        details: {},
      }
      await ward.accounts.access.openSession({ ...row, createdMs: nowMs, activeMs: nowMs }, entry)
    }
    await ward.signIn(context)
    await page.goto(`${ward.url()}/#/account`)
    await page.getByText('this browser').waitFor()
    const shown = await page.locator('.session .mono').allTextContents()
    for (const text of hostileStrings) expect(shown).toContain(text)
    await expectNothingRan()
    await page.getByRole('button', { name: 'Log out everywhere else' }).click()
    await vi.waitFor(async () => expect(await page.locator('.session').count()).toBe(1), 10_000)
  })

  test('in a path finds no file', async () => {
    await ward.signIn(context)
    await page.goto(ward.url())
    await isLive()
    const statuses = await page.evaluate(async () => {
      const paths = [
        '/api/alerts/..%2f..%2f..%2fetc%2fpasswd/evidence.pcap',
        '/api/alerts/%2e%2e%5c%2e%2e%5cstate.db/evidence.pcap',
        '/api/devices/..%2f..%2fetc%2fpasswd',
        '/assets/..%2f..%2fpackage.json',
        '/..%2f..%2fetc%2fpasswd',
      ]
      return Promise.all(paths.map(async (path) => (await fetch(path)).status))
    })
    expect(statuses.filter((status) => status < 400)).toEqual([])
  })
})

async function expectNothingRan(): Promise<void> {
  expect(
    await page.evaluate(
      () => document.querySelectorAll('#root img, #root iframe, #root object').length,
    ),
  ).toBe(0)
  expect(await page.evaluate(() => 'wasRun' in globalThis)).toBe(false)
  expect(complaints).toEqual([])
}

/** Tells the rows apart: `host-01:`. */
function tagOf(index: number): string {
  return `host-${String(index).padStart(2, '0')}:`
}

/** In the page: a click that needs no scrolling, so that the list is not held. */
function clickIt(element: Element): void {
  if (element instanceof HTMLElement) element.click()
}
