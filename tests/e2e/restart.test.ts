import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAlerts } from '../../alerts/present.ts'
import { expectSameWhenKilled, frequentCheckpoints } from '../support/killed-replay.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'

const folder = temporaryFolder()
let capture: string

beforeAll(() => {
  capture = writeLongCapture(folder.path, 61)
})
afterAll(folder.remove)

test('a replay that is killed gives what an undisturbed one gives, byte for byte', async () => {
  await expectSameWhenKilled(capture, folder.path, 5)
}, 150_000)

test('a second life of a sensor goes on where the first ended, over a bus that forgot it', async () => {
  const store = { path: join(folder.path, 'two-lives.sqlite') }
  const later = writeLongCapture(folder.path, 30, 1)
  const alertsOf = (file: string, run: string) =>
    playThrough([file], { store, ingest: { run }, ...frequentCheckpoints }, ({ states }) =>
      listAlerts(states.alerts, () => null),
    )
  const first = await alertsOf(capture, 'first')
  const both = await alertsOf(later, 'second')
  expect(first.length).toBeGreaterThan(5)
  const counted = (alerts: typeof first) => alerts.reduce((sum, alert) => sum + alert.count, 0)
  expect(counted(both)).toBeGreaterThan(counted(first))
})
