import { describe, expect, test } from 'vitest'
import { isAllowedHost, isAllowedOrigin } from '../../dashboard/guard.ts'
import { dashboardConfigSchema } from '../../dashboard/config.ts'

describe('a host name', () => {
  test.each([
    { host: '127.0.0.1:8080', isAllowed: true },
    { host: 'localhost:8080', isAllowed: true },
    { host: '127.0.0.1:8081', isAllowed: false },
    { host: '127.0.0.1', isAllowed: false },
    { host: 'rebound.example:8080', isAllowed: false },
    { host: 'localhost.rebound.example:8080', isAllowed: false },
    { host: '', isAllowed: false },
    { host: undefined, isAllowed: false },
  ])('$host is served: $isAllowed', ({ host, isAllowed }) => {
    expect(isAllowedHost(host, 8080)).toBe(isAllowed)
  })
})

describe('a handshake', () => {
  const host = '127.0.0.1:8080'
  test.each([
    { name: 'our own page', origin: 'http://127.0.0.1:8080', isAllowed: true },
    { name: 'another site', origin: 'http://attacker.example', isAllowed: false },
    { name: 'another port', origin: 'http://127.0.0.1:9090', isAllowed: false },
    { name: 'another scheme', origin: 'https://127.0.0.1:8080', isAllowed: false },
    { name: 'another name of this machine', origin: 'http://localhost:8080', isAllowed: false },
    { name: 'a sub-domain', origin: 'http://a.127.0.0.1:8080', isAllowed: false },
    { name: 'an opaque origin', origin: 'null', isAllowed: false },
    { name: 'no origin', origin: undefined, isAllowed: false },
  ])('from $name is let in: $isAllowed', ({ origin, isAllowed }) => {
    expect(isAllowedOrigin(origin, host, 8080)).toBe(isAllowed)
  })
})

test('refuses to listen where others could reach it', () => {
  const parsed = dashboardConfigSchema.safeParse({ host: '0.0.0.0' })
  expect(parsed.error?.issues[0]?.message).toContain('no log-in')
})
