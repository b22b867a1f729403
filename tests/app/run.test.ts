import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { alertListSchema, statusSchema } from '../../dashboard/api.ts'
import { logIn, setUp } from '../support/accounts.ts'
import { temporaryFolder } from '../support/long-capture.ts'

const root = join(import.meta.dirname, '..', '..')
const main = join(root, 'app', 'main.ts')
const launch = join(root, 'scripts', 'launch.mjs')
const folder = temporaryFolder()
const shortDemo = [main, 'demo', '--days', '0.02', '--attack-after', '0']
const started: ChildProcess[] = []
afterAll(() => {
  // A test that failed has not ended its service.
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  folder.remove()
})

/** A short demo on a free port; resolves when somebody is logged in. */
async function startService(
  args: readonly string[] = [],
  options: { readonly isSetUp?: boolean; readonly command?: readonly string[] } = {},
) {
  const command = options.command ?? shortDemo
  const child = spawn(process.execPath, [...command, '--port', '0', ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  const exited = once(child, 'exit') as Promise<[number | null]>
  let log = ''
  const told = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(log)
        if (found !== null) resolve(found[1]!)
      }
      child.stderr.on('data', look)
      child.once('exit', () => reject(new Error(log)))
      look()
    })
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const url = await told(/the page is at (\S+)/)
  const credentials =
    options.isSetUp === true ? await logIn(url) : await setUp(await told(/(http\S+#\/set-up\/\S+)/))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return (await exited)[0]
  }
  return { url, credentials, end, log: () => log }
}

type Running = Pick<Awaited<ReturnType<typeof startService>>, 'url' | 'credentials'>

async function alertsAt({ url, credentials }: Running): Promise<string[]> {
  // A page asks far less often; more than 600 calls a minute are refused.
  await setTimeout(150)
  const response = await fetch(`${url}/api/alerts`, { headers: credentials })
  return alertListSchema.parse(await response.json()).alerts.map(({ behaviour }) => behaviour)
}

describe('npm start with nothing configured', () => {
  test('is the demo: it learns, says how far it is, and can be stopped at any time', async () => {
    const nothing = join(folder.path, 'nothing.yaml')
    writeFileSync(nothing, '')
    const command = [launch, 'start', '--config', nothing]
    const service = await startService([], { command })
    let shares: (number | undefined)[] = []
    while (shares.length === 0) {
      const response = await fetch(`${service.url}/api/status`, { headers: service.credentials })
      const { sensors } = statusSchema.parse(await response.json())
      shares = sensors.filter(({ packets }) => packets > 0).map(({ teaching }) => teaching)
      await setTimeout(100)
    }
    expect(shares[0]).toBeGreaterThanOrEqual(0)
    expect(shares[0]).toBeLessThan(1)
    expect(service.log()).toContain('demo: a simulated ward')
    expect(await service.end('SIGTERM'), service.log()).toBe(0)
  })
})

describe('the demo', () => {
  test('watches what it has learned, shows an alert, and ends on SIGTERM', async () => {
    const service = await startService()
    let seen: string[] = []
    while (!seen.includes('port-scan')) seen = await alertsAt(service)
    expect(service.log()).toMatch(/teaches":true[^]*teaches":false/)
    expect(await service.end('SIGTERM'), service.log()).toBe(0)
  })

  test('goes on with what it has kept when it is started again on the same folder', async () => {
    const data = ['--data', join(folder.path, 'kept')]
    const first = await startService(data)
    let kept: string[] = []
    while (kept.length === 0) kept = await alertsAt(first)
    expect(await first.end('SIGINT')).toBe(0)
    const second = await startService(data, { isSetUp: true })
    expect(await alertsAt(second)).toEqual(expect.arrayContaining(kept))
    expect(await second.end('SIGTERM'), second.log()).toBe(0)
  })

  test('says who has the port when it is taken', async () => {
    const first = await startService()
    const port = new URL(first.url).port
    await expect(startService(['--port', port])).rejects.toThrow(/PORT_IN_USE/)
    expect(await first.end('SIGTERM')).toBe(0)
  })
})
