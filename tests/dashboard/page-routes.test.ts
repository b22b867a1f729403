import { describe, expect, test } from 'vitest'
import { alertHistorySchema, deviceSeriesSchema, flowAnswerSchema } from '../../dashboard/api.ts'
import { Refusal, type Call, type Caller, type Route } from '../../dashboard/http/route.ts'
import { actionRoutes, type ActionService } from '../../dashboard/routes/actions.ts'
import { deviceRoutes } from '../../dashboard/routes/devices.ts'
import { type HistoryDeps, historyRoutes } from '../../dashboard/routes/history.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { AuditEntry } from '../../store/audit-store.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { createTestLookup, createTestSeries, storedFlow } from '../support/history-doubles.ts'
import { createNoDevices, testKnowledge } from '../support/knowledge.ts'

const caller: Caller = { userId: 'u', name: 'anna', role: 'analyst', sessionHash: 'h' }
const key = 'north|lan|ip:10.1.0.14'

/** What a route answers: its status and JSON, or what it refuses with. */
async function ask(routes: readonly Route[], name: string, call: Partial<Call> = {}) {
  const route = routes.find(({ method, path }) => `${method} ${path}` === name)!
  const query = route.query === null ? {} : route.query.parse(call.query ?? {})
  const signal = new AbortController().signal
  const whole = { params: {}, body: {}, from: '10.0.0.1', agent: '', signal, ...call, query }
  try {
    const answer = await route.handle(whole, caller)
    return { status: answer.status ?? 200, json: 'json' in answer ? answer.json : null }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: error.status, json: { error: error.message } }
  }
}

describe('the history of a device', () => {
  function setUp(changes: Partial<HistoryDeps> = {}) {
    const entries: AuditEntry[] = []
    const { lookup, asked } = createTestLookup([
      storedFlow('10.1.0.14', '10.1.0.20'),
      storedFlow('10.1.0.66', '10.1.0.14', { protocol: 1, origPort: 8, respPort: 0 }),
    ])
    const routes = historyRoutes({
      series: createTestSeries(),
      lookup,
      audit: { record: (entry) => Promise.resolve(void entries.push(entry)) },
      now: () => 7,
      ...changes,
    })
    return { entries, asked, routes }
  }
  const flows = 'GET /api/devices/:key/flows'
  const series = 'GET /api/devices/:key/series'

  test('is written down before it is answered, with what was asked', async () => {
    const { entries, asked, routes } = setUp()
    const query = { from: '2026-03-02T08:00:00Z', to: '2026-03-02T09:00:00Z', peer: ' 10.1.0.20 ' }
    const { status, json } = await ask(routes, flows, { params: { key }, query })
    expect(status).toBe(200)
    expect(entries).toEqual([
      {
        atMs: 7,
        by: 'anna',
        from: '10.0.0.1',
        action: 'history.look-up',
        object: key,
        details: { ...query, peer: '10.1.0.20', limit: 200 },
      },
    ])
    expect(asked).toEqual([
      {
        device: key,
        peer: '10.1.0.20',
        limit: 200,
        fromUs: 1_772_438_400e6,
        toUs: 1_772_442_000e6,
      },
    ])
    const answer = flowAnswerSchema.parse(json)
    expect(answer.flows).toMatchObject([
      { isOutgoing: true, resp: { address: '10.1.0.20', port: 104 }, transport: 'tcp' },
      { isOutgoing: false, orig: { address: '10.1.0.66', port: null }, transport: 'icmp' },
    ])
    expect(answer.flows[0]!.communityId).toMatch(/^1:/)
  })

  test('is not answered when it cannot be written down', async () => {
    const audit = { record: () => Promise.reject(new Error('disk full')) }
    const { asked, routes } = setUp({ audit })
    await expect(ask(routes, flows, { params: { key } })).rejects.toThrow('disk full')
    expect(asked).toEqual([])
  })

  test.each([
    { code: 'BAD_USAGE', status: 400 },
    { code: 'DUCKDB_UNAVAILABLE', status: 503 },
  ] as const)('that fails by $code is refused with $status and its words', async (each) => {
    const lookup = () => Promise.reject(new WardwatchError(each.code, 'in these words'))
    const { routes } = setUp({ lookup })
    expect(await ask(routes, flows, { params: { key } })).toEqual({
      status: each.status,
      json: { error: 'in these words' },
    })
  })

  test.each([flows, series])('is not there where none is kept: %s', async (name) => {
    const { routes } = setUp({ series: null, lookup: null })
    const query = { from: '2026-03-02T08:00:00Z', to: '2026-03-02T09:00:00Z' }
    expect((await ask(routes, name, { params: { key }, query })).status).toBe(404)
  })

  test('is a series with services, in ms', async () => {
    const { routes } = setUp()
    const query = { from: '2026-03-02T08:00:00Z', to: '2026-03-02T09:00:00Z', stepMinutes: '5' }
    const { json } = await ask(routes, series, { params: { key }, query })
    const answer = deviceSeriesSchema.parse(json)
    expect(answer.traffic).toHaveLength(24)
    expect(answer.traffic[0]!.startMs).toBe(Date.parse(query.from))
    expect(answer.services[0]!.service).toBe('dicom')
  })

  test.each([
    { from: '2026-03-02T09:00:00Z', to: '2026-03-02T08:00:00Z' },
    { from: '2020-03-02T09:00:00Z', to: '2026-03-02T08:00:00Z', stepMinutes: '1' },
  ])('asked for from $from to $to is refused', async (query) => {
    const { routes } = setUp()
    expect((await ask(routes, series, { params: { key }, query })).status).toBe(400)
  })
})

describe('an action', () => {
  const entry = {
    atMs: 5,
    by: 'bo',
    action: 'close',
    before: { status: 'new', handling: null },
    after: { status: 'closed', handling: { verdict: 'false', reason: 'scanner' } },
  } as const
  const service = (changes: Partial<ActionService>): Route[] =>
    actionRoutes({
      actions: {
        act: () => Promise.resolve({ result: 'unknown' }),
        historyOf: () => Promise.resolve([entry]),
        ...changes,
      },
      present: () => null,
    })
  const act = 'POST /api/alerts/:id/actions'

  test('on an alert that does not exist is 404', async () => {
    expect((await ask(service({}), act, { params: { id: 'x' } })).status).toBe(404)
  })

  test('that comes second is 409 and says who was first', async () => {
    const routes = service({
      act: () => Promise.resolve({ result: 'conflict', entry, row: {} as never }),
    })
    expect(await ask(routes, act, { params: { id: 'x' } })).toMatchObject({
      status: 409,
      json: { entry: { by: 'bo', action: 'close', verdict: 'false', reason: 'scanner' } },
    })
  })

  test('that the status does not allow is 409 with the reason', async () => {
    const refused = { result: 'refused', reason: 'it is closed', row: {} as never } as const
    const routes = service({ act: () => Promise.resolve(refused) })
    expect(await ask(routes, act, { params: { id: 'x' } })).toMatchObject({
      status: 409,
      json: { error: 'it is closed', entry: null },
    })
  })

  test('is found in the history', async () => {
    const { json } = await ask(service({}), 'GET /api/alerts/:id/history', { params: { id: 'x' } })
    expect(alertHistorySchema.parse(json).changes).toMatchObject([
      { by: 'bo', from: 'new', to: 'closed', reason: 'scanner' },
    ])
  })
})

describe('a device', () => {
  const routes = deviceRoutes({
    states: { alerts: createMemoryRows().store, devices: createNoDevices() },
    present: () => null,
    knowledge: testKnowledge(),
  })

  test('that nobody knows is 404', async () => {
    const params = { key: 'nobody' }
    expect((await ask(routes, 'GET /api/devices/:key', { params })).status).toBe(404)
  })

  test('list is empty at first', async () => {
    expect(await ask(routes, 'GET /api/devices')).toEqual({
      status: 200,
      json: { total: 0, devices: [] },
    })
  })

  test('has nothing related to an alert that does not exist', async () => {
    const params = { id: 'x' }
    expect((await ask(routes, 'GET /api/alerts/:id/related', { params })).status).toBe(404)
  })
})
