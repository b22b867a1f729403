import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { presentAlert } from '../../alerts/present.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { Bus } from '../../bus/bus.ts'
import { alertDetailSchema, alertListSchema, statusSchema } from '../../dashboard/api.ts'
import { dashboardConfigSchema } from '../../dashboard/config.ts'
import { createDashboard, type Dashboard } from '../../dashboard/server.ts'
import { secondUs } from '../../records/time.ts'
import type { HostProgressRow } from '../../store/state-store.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { anomalyOf, shiftStartUs, streamOf } from '../support/anomalies.ts'
import { createAccounts, type Credentials, logIn, setUp } from '../support/accounts.ts'
import { createNoDevices, testKnowledge } from '../support/knowledge.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { sensorOf } from '../support/sensor-status.ts'

const limits = alertsConfigSchema.parse({})
let folder: string
let bus: Bus
let memory: ReturnType<typeof createMemoryRows>
let dashboard: Dashboard
let accounts: Awaited<ReturnType<typeof createAccounts>>
let credentials: Credentials

const progress: HostProgressRow = {
  host: anomalyOf().viewKey,
  site: 'north',
  state: 'provisional',
  isApproved: false,
  firstSeenUs: 0,
  lastSeenUs: 1_000_000,
  daysSeen: 5,
  activeHours: 31,
  relations: 7,
  address: null,
  mac: null,
  vendor: null,
  name: null,
  deviceClass: null,
  zone: null,
}

const create = (config: object = {}) =>
  createDashboard(dashboardConfigSchema.parse({ port: 0, ...config }), {
    bus,
    states: {
      alerts: memory.store,
      devices: createNoDevices(),
      partitions: {
        progress: (host) => Promise.resolve(host === progress.host ? progress : null),
      },
    },
    logger: createQuietLogger(),
    knowledge: testKnowledge(),
    accounts,
    now: () => 1_772_438_500_000,
    webRoot: folder,
    present: (row) => presentAlert(row, () => null),
    sensors: () => [sensor('tap-1', 1_772_438_499_600), sensor('tap-2', 1_772_438_490_000)],
  })
const sensor = (name: string, clockMs: number) =>
  sensorOf({ sensor: name, clockUs: clockMs * 1000 })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dashboard-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>')
  bus = createMemoryBus(memoryBusConfigSchema.parse({}))
  await bus.start()
  memory = createMemoryRows()
  const weak = anomalyOf({ viewKey: 'north|lan|ip:weak', score: 0.1 })
  const { commit } = await foldBatch(streamOf([anomalyOf(), weak]), memory.store, limits)
  await memory.store.commit({ ...commit, moves: [] })
  accounts = await createAccounts()
  dashboard = create()
  await dashboard.start()
  credentials = await setUp((await dashboard.setUpLink())!)
})

afterEach(async () => {
  await dashboard.stop()
  await accounts.stop()
  await bus.stop()
  await rm(folder, { recursive: true })
})

const get = (path: string) => fetch(dashboard.url() + path, { headers: credentials })

describe('the API', () => {
  test('lists the alerts that have a severity', async () => {
    const list = alertListSchema.parse(await (await get('/api/alerts?limit=10')).json())
    expect(list.alerts.map((a) => a.device.name)).toEqual(['ws-14'])
    expect(list.revision).toBe(2)
  })

  test('does not count rows without a severity against the limit', async () => {
    const later = shiftStartUs + 3600 * secondUs
    const weak = anomalyOf({ viewKey: 'north|lan|ip:weaker', score: 0.29, oldestUs: later })
    const { commit } = await foldBatch(streamOf([weak]), memory.store, limits)
    await memory.store.commit({ ...commit, moves: [] })
    const list = alertListSchema.parse(await (await get('/api/alerts?limit=1')).json())
    expect(list.alerts.map((a) => a.device.name)).toEqual(['ws-14'])
  })

  test('tells everything about one alert, the learning of its device included', async () => {
    const [row] = memory.content().filter((r) => r.leading.score > 0.3)
    const response = await get(`/api/alerts/${row!.id}`)
    const detail = alertDetailSchema.parse(await response.json())
    expect(detail.alert.id).toBe(row!.id)
    expect(detail.sightings).toHaveLength(1)
    expect(detail.learning).toMatchObject({ state: 'provisional', daysSeen: 5, relations: 7 })
  })

  test('tells how far the slowest live sensor is behind', async () => {
    const status = statusSchema.parse(await (await get('/api/status')).json())
    expect(status).toMatchObject({ lagMs: 10_000, revision: 2 })
  })

  test.each([
    { path: '/api/alerts/00000000000000000000000000000000', status: 404 },
    { path: '/api/alerts/%E0%A4%A', status: 400 },
    { path: '/api/alerts?limit=0', status: 400 },
    { path: '/api/alerts?limit=1001', status: 400 },
    { path: '/api/alerts?limit=ten', status: 400 },
    { path: '/api/nothing', status: 404 },
    { path: '/%2e%2e/%2e%2e/etc/passwd', status: 404 },
  ])('answers $path with $status and no more than a word', async ({ path, status }) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    expect(Object.keys((await response.json()) as object)).toEqual(['error'])
  })
})

describe('every answer', () => {
  test.each(['/', '/api/status', '/nothing'])('carries the security headers: %s', async (path) => {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test.each([
    { host: 'rebound.example', status: 403 },
    { host: 'localhost', status: 200 },
  ])('to a request for $host has status $status', async ({ host, status }) => {
    const { port } = new URL(dashboard.url())
    expect(await statusFor({ port, host: `${host}:${port}` })).toBe(status)
  })
})

function statusFor(to: { port: string; host: string }): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const call = request({
    host: '127.0.0.1',
    port: to.port,
    path: '/api/status',
    headers: { host: to.host, cookie: credentials.cookie },
  })
  call.on('response', (response) => {
    response.resume()
    resolve(response.statusCode)
  })
  call.on('error', reject)
  call.end()
  return promise
}

/** Outcome of a handshake: `open`, or the status it was refused with. */
function shake(path: string, headers: Record<string, string>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { cookie } = credentials
  const socket = new WebSocket(dashboard.url().replace('http', 'ws') + path, {
    headers: { cookie, ...headers },
  })
  socket.on('open', () => resolve('open'))
  socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
  socket.on('error', () => socket.terminate())
  return promise.finally(() => socket.terminate())
}

describe('a handshake', () => {
  test.each([
    { name: 'of our page', origin: '', outcome: 'open' },
    { name: 'of another site', origin: 'http://attacker.example', outcome: '403' },
    { name: 'of an opaque origin', origin: 'null', outcome: '403' },
  ])('$name is answered: $outcome', async ({ origin, outcome }) => {
    expect(await shake('/api/live', { origin: origin || dashboard.url() })).toBe(outcome)
  })

  test('without an origin is refused', async () => {
    expect(await shake('/api/live', {})).toBe('403')
  })

  test('for a rebound host name is refused even with a matching origin', async () => {
    const host = `rebound.example:${new URL(dashboard.url()).port}`
    expect(await shake('/api/live', { host, origin: `http://${host}` })).toBe('403')
  })

  test('for another path is refused', async () => {
    expect(await shake('/other', { origin: dashboard.url() })).toBe('404')
  })

  test('beyond the limit of pages is refused with 503', async () => {
    await dashboard.stop()
    dashboard = create({ clientsMax: 1 })
    await dashboard.start()
    credentials = await logIn(dashboard.url())
    const first = new WebSocket(`${dashboard.url().replace('http', 'ws')}/api/live`, {
      headers: credentials,
    })
    await vi.waitFor(() => expect(dashboard.clientCount()).toBe(1))
    expect(await shake('/api/live', { origin: dashboard.url() })).toBe('503')
    first.terminate()
    await vi.waitFor(() => expect(dashboard.clientCount()).toBe(0))
  })
})

describe('starting', () => {
  test('says which port is taken and what to do', async () => {
    const second = create({ port: Number(new URL(dashboard.url()).port) })
    await expect(second.start()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(/port \d+ is taken.*--port/) as string,
    })
    await second.stop()
  })

  test('is refused for an address that others can reach', () => {
    const config = { ...dashboardConfigSchema.parse({}), host: '0.0.0.0' }
    expect(() => createDashboard(config as never, {} as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    )
  })
})
