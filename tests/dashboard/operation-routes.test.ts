import { expect, test } from 'vitest'
import { operationRoutes } from '../../dashboard/routes/operation.ts'

const routes = operationRoutes({
  health: () => ({ isGood: true, missing: [] }),
  readiness: () => ({ isGood: false, missing: ['bus starting', 'store waiting'] }),
  metrics: () => Promise.resolve({ type: 'text/plain; version=0.0.4', text: 'up 1\n' }),
})

function ask(path: string, from: string) {
  const route = routes.find((one) => one.path === path)!
  const signal = new AbortController().signal
  return route.handle(
    { params: {}, query: undefined, body: undefined, from, agent: '', signal },
    null,
  )
}

test('health and readiness are told to anybody, the names of what is missing to this machine', async () => {
  expect(routes.map(({ requires }) => requires)).toEqual([null, null, null])
  expect(await ask('/healthz', '10.0.0.9')).toMatchObject({ status: 200, file: 'alive\n' })
  expect(await ask('/readyz', '127.0.0.1')).toMatchObject({
    status: 503,
    file: 'bus starting\nstore waiting\n',
  })
  expect(await ask('/readyz', '10.0.0.9')).toMatchObject({ status: 503, file: 'not ready\n' })
})

test('metrics are told to this machine only', async () => {
  expect(await ask('/metrics', '::1')).toMatchObject({ file: 'up 1\n' })
  await expect(ask('/metrics', '10.0.0.9')).rejects.toMatchObject({ status: 403 })
})
