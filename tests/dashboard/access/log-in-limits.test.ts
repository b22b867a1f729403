import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLogInLimits } from '../../../dashboard/access/log-in-limits.ts'

const config = { logInTriesPerMinute: 3, logInTriesPerAddress: 100, logInTriesPerName: 8 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('whoever goes on waits one minute, then two, then four, and fifteen at most', async () => {
  const limits = createLogInLimits({ ...config, logInTriesPerName: 1000 })
  const waits: number[] = []
  for (let round = 0; round < 6; round++) {
    for (let tries = 0; tries < 3; tries++)
      expect(await limits.take('ada', '10.0.0.1', false)).toBe(0)
    const wait = await limits.take('ada', '10.0.0.1', false)
    waits.push(wait)
    // Trying meanwhile makes it no longer.
    await vi.advanceTimersByTimeAsync((wait - 1) * 1000)
    expect(await limits.take('ada', '10.0.0.1', false)).toBe(1)
    await vi.advanceTimersByTimeAsync(1001)
  }
  expect(waits).toEqual([60, 120, 240, 480, 900, 900])
})

test('a log-in that succeeds begins anew', async () => {
  const limits = createLogInLimits(config)
  for (let tries = 0; tries < 3; tries++) await limits.take('ada', '10.0.0.1', true)
  await limits.succeeded('ada', '10.0.0.1', true)
  expect(await limits.take('ada', '10.0.0.1', true)).toBe(0)
})

test('an address is counted whatever the names, a whole IPv6 customer as one', async () => {
  const limits = createLogInLimits({ ...config, logInTriesPerAddress: 5 })
  const waits: number[] = []
  for (let name = 0; name < 6; name++)
    waits.push(await limits.take(`name-${name}`, `2001:db8::${name}`, false))
  expect(waits).toEqual([0, 0, 0, 0, 0, 60])
  expect(await limits.take('ada', '2001:db8:0:1::1', false)).toBe(0)
})

test('guessing from everywhere shuts a name for strangers, and never for where it has logged in from', async () => {
  const limits = createLogInLimits(config)
  for (let host = 0; host < 8; host++) await limits.take('ada', `10.0.1.${host}`, false)
  expect(await limits.take('ada', '10.0.2.1', false)).toBeGreaterThan(0)
  expect(await limits.take('ada', '10.0.0.7', true)).toBe(0)
  await vi.advanceTimersByTimeAsync(15 * 60_000 + 1)
  expect(await limits.take('ada', '10.0.2.2', false)).toBe(0)
})
