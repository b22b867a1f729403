import { request } from 'node:http'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { healthOf, readinessOf, silenceMsMax } from '../../app/operation/health.ts'
import { byLabel } from '../../app/operation/metric.ts'
import { metrics } from '../../app/operation/metrics/index.ts'
import { createOperationServer, mayReadMetrics } from '../../app/operation/server.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

describe('health', () => {
  const facts = {
    parts: { alerts: 'running', bus: 'running' } as const,
    readers: [{ topic: 'anomalies' as const, group: 'g', wasAssigned: true, hasFailed: false }],
    threads: { ingest: 1_000, 'analyzer-1': null },
    nowMs: 2_000,
  }

  test('is good while every thread tells something', () => {
    expect(healthOf(facts)).toEqual({ isGood: true, missing: [] })
    expect(readinessOf(facts)).toEqual({ isGood: true, missing: [] })
  })

  test.each([
    {
      name: 'a thread that has been silent for too long',
      over: { nowMs: 1_001 + silenceMsMax },
      missing: ['thread ingest'],
    },
    {
      name: 'a part that starts',
      over: { parts: { alerts: 'starting', bus: 'running' } as const },
      missing: ['alerts starting'],
    },
    {
      name: 'a subscription without partitions',
      over: { readers: [{ ...facts.readers[0]!, wasAssigned: false }] },
      missing: ['subscription to anomalies not assigned'],
    },
    {
      name: 'a subscription that failed',
      over: { readers: [{ ...facts.readers[0]!, hasFailed: true }] },
      missing: ['subscription to anomalies failed'],
    },
  ])('names $name', ({ over, missing }) => {
    expect(readinessOf({ ...facts, ...over })).toEqual({ isGood: false, missing })
  })
})

describe('labels', () => {
  test('are bounded: what the wire can name without end is summed up', () => {
    const counts = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`link-type-${i}`, i + 1]),
    )
    const samples = byLabel('cause', counts)
    expect(samples).toHaveLength(65)
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe((1000 * 1001) / 2)
    expect(samples[0]).toEqual({ labels: { cause: 'link-type-999' }, value: 1000 })
    expect(samples.at(-1)?.labels).toEqual({ cause: 'other' })
  })

  test('and names follow the convention', () => {
    for (const { name, kind, help } of metrics) {
      expect(name).toMatch(
        /^wardwatch_(ingest|bus|analyzer|alerts|history|series|dashboard|app)_[a-z_]+$/,
      )
      expect(name.endsWith('_total'), name).toBe(kind === 'counter')
      expect(help, name).toMatch(/^[A-Z0-9].*\.$/)
    }
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length)
  })
})

/** One request as it is, whatever a fetch would not let through. */
function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const asked = request(url, options, (response) => {
    let body = ''
    response.on('data', (chunk: Buffer) => (body += chunk.toString()))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

describe('the port of operation', { timeout: 120_000 }, () => {
  test('tells health, readiness and every metric of a process that has played a capture', async () => {
    const capture = writeLongCapture(folder.path, 2)
    await playThrough([capture], { operation: { port: 0 } }, async ({ operation, ingest }) => {
      const url = operation!.url()
      expect(await ask(`${url}/healthz`)).toEqual({ status: 200, body: 'alive\n' })
      expect(await ask(`${url}/readyz?verbose`)).toEqual({ status: 200, body: 'ready\n' })
      const { status, body } = await ask(`${url}/metrics`)
      expect(status).toBe(200)
      const { packets } = ingest!.stats()
      expect(packets).toBeGreaterThan(0)
      expect(body).toContain(`\nwardwatch_ingest_packets_read_total ${packets}\n`)
      expect(body).toMatch(/\nwardwatch_alerts_anomalies_folded_total [1-9]/)
      expect(body).toContain('wardwatch_bus_lag_messages{topic="observations"} 0')
      expect(body).toMatch(/wardwatch_bus_queue_bytes\{topic="observations"\} [1-9]/)
      expect(body).toContain('wardwatch_app_part_running{part="alerts"} 1')
      expect(body).toMatch(/\nprocess_resident_memory_bytes \d/)
      // Not live, and without a page: nothing is said rather than 0.
      expect(body).not.toMatch(/\nwardwatch_ingest_clock_lag_seconds /)
      expect(body).not.toMatch(/\nwardwatch_dashboard_live_connections /)
      for (const { name } of metrics) expect(body).toContain(`# TYPE ${name} `)
      expect(await ask(`${url}/metrics`)).toMatchObject({ status: 200 })
      expect(await ask(`${url}/other`)).toMatchObject({ status: 404 })
      expect(await ask(`${url}/healthz`, { method: 'POST' })).toMatchObject({ status: 405 })
    })
  })

  test('tells the threads of a process', async () => {
    const capture = writeLongCapture(folder.path, 2)
    const look = async ({ operation }: { operation: { url(): string } | null }) => {
      const url = operation!.url()
      expect(await ask(`${url}/readyz`)).toEqual({ status: 200, body: 'ready\n' })
      // Threads tell of themselves now and then.
      await vi.waitFor(async () => {
        const { body } = await ask(`${url}/metrics`)
        expect(body).toMatch(/wardwatch_app_thread_heap_bytes\{thread="ingest"\} [1-9]/)
        expect(body).toMatch(/wardwatch_app_thread_heap_bytes\{thread="analyzer-2"\} [1-9]/)
        expect(body).toMatch(/\nwardwatch_analyzer_messages_total [1-9]/)
      }, 20_000)
    }
    await playThrough([capture], { operation: { port: 0 } }, look, [], 2)
  })

  test('answers 503 with the names of what is missing', async () => {
    const deps = {
      health: () => ({ isGood: false, missing: ['thread ingest'] }),
      readiness: () => ({ isGood: false, missing: ['bus starting', 'store waiting'] }),
      metrics: () => Promise.reject(new Error('broken')),
      logger: createQuietLogger(),
    }
    const server = createOperationServer({ host: '127.0.0.1', port: 0, token: null }, deps)
    await server.start()
    const url = server.url()
    expect(await ask(`${url}/healthz`)).toEqual({ status: 503, body: 'thread ingest\n' })
    expect(await ask(`${url}/readyz`)).toEqual({
      status: 503,
      body: 'bus starting\nstore waiting\n',
    })
    expect(await ask(`${url}/metrics`)).toEqual({ status: 500, body: 'internal error\n' })
    const port = Number(new URL(url).port)
    const second = createOperationServer({ host: '127.0.0.1', port, token: null }, deps)
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    await server.stop()
    await server.stop()
  })

  test.each([
    { from: '127.0.0.1', token: null, authorization: undefined, isAllowed: true },
    { from: '::1', token: null, authorization: undefined, isAllowed: true },
    { from: '::ffff:127.0.0.1', token: null, authorization: undefined, isAllowed: true },
    { from: '10.0.0.9', token: null, authorization: 'Bearer null', isAllowed: false },
    { from: '10.0.0.9', token: 'a'.repeat(16), authorization: undefined, isAllowed: false },
    { from: '10.0.0.9', token: 'a'.repeat(16), authorization: 'Bearer a', isAllowed: false },
    {
      from: '10.0.0.9',
      token: 'a'.repeat(16),
      authorization: `Bearer ${'a'.repeat(16)}`,
      isAllowed: true,
    },
    { from: undefined, token: null, authorization: undefined, isAllowed: false },
  ])('lets $from read metrics with $authorization: $isAllowed', (asked) => {
    expect(mayReadMetrics(asked.token, asked.from, asked.authorization)).toBe(asked.isAllowed)
  })
})
