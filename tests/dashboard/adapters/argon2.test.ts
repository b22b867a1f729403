import { expect, test } from 'vitest'
import { createArgon2Passwords } from '../../../dashboard/adapters/argon2.ts'

const passwords = createArgon2Passwords()

test('is argon2id at what OWASP asks for, with a salt of its own', async () => {
  const [one, two] = await Promise.all([passwords.hash('apples'), passwords.hash('apples')])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/)
  expect(one).not.toBe(two)
  expect(await passwords.verify(one, 'apples')).toBe(true)
  expect(await passwords.verify(one, 'Apples')).toBe(false)
})

test('takes a password in either way its accents can be written', async () => {
  const hash = await passwords.hash('caf\u00e9 au lait')
  expect(await passwords.verify(hash, 'cafe\u0301 au lait')).toBe(true)
})

test('takes as long where there is no user', async () => {
  const hash = await passwords.hash('apples')
  const time = async (known: string | null) => {
    const startMs = performance.now()
    expect(await passwords.verify(known, 'pears')).toBe(false)
    return performance.now() - startMs
  }
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let round = 0; round < 9; round++) {
    known.push(await time(hash))
    unknown.push(await time(null))
  }
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[4]!
  const ratio = median(unknown) / median(known)
  // What matters is that it computes at all: a look-up alone would take a thousandth.
  expect(ratio).toBeGreaterThan(0.3)
  expect(ratio).toBeLessThan(3)
})

test('a storm of log-ins waits its turn, and what is too much is told to come back', async () => {
  const hash = await passwords.hash('apples')
  const tries = Array.from({ length: 80 }, () => passwords.verify(hash, 'apples'))
  const outcomes = await Promise.allSettled(tries)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  // 2 at a time and 64 that wait.
  expect(refused).toHaveLength(14)
  expect(refused[0]).toMatchObject({ reason: { status: 503, retryAfterSeconds: 5 } })
  expect(await passwords.verify(hash, 'apples')).toBe(true)
})
