import { describe, expect, test } from 'vitest'
import { type Approach, createGuard } from '../../dashboard/guard.ts'
import { dashboardConfigSchema } from '../../dashboard/config.ts'

const local = { host: '127.0.0.1', publicUrl: null, tls: null, trustedProxies: [] }
const publicUrl = 'https://ward.example'
const approach = (changes: Partial<Approach> = {}): Approach => ({
  method: 'GET',
  host: '127.0.0.1:8080',
  origin: undefined,
  site: undefined,
  remote: '127.0.0.1',
  forwardedProto: undefined,
  ...changes,
})
const guardOf = (changes: object = {}) => createGuard({ ...local, ...changes }, () => 8080)

describe('a host name', () => {
  test.each([
    { host: '127.0.0.1:8080', isAllowed: true },
    { host: 'localhost:8080', isAllowed: true },
    { host: '[::1]:8080', isAllowed: true },
    { host: '127.0.0.1:8081', isAllowed: false },
    { host: '127.0.0.1', isAllowed: false },
    { host: 'rebound.example:8080', isAllowed: false },
    { host: 'localhost.rebound.example:8080', isAllowed: false },
    { host: 'ward.example', isAllowed: false },
    { host: '', isAllowed: false },
    { host: undefined, isAllowed: false },
  ])('$host is served: $isAllowed', ({ host, isAllowed }) => {
    expect(guardOf().refusesHost(approach({ host })) === null).toBe(isAllowed)
  })
})

describe('a handshake', () => {
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
    expect(guardOf().refusesSocket(approach({ origin })) === null).toBe(isAllowed)
  })
})

describe('a call', () => {
  const origin = 'http://127.0.0.1:8080'
  test.each([
    { name: 'GET of our page', call: { site: 'same-origin' }, isAllowed: true },
    { name: 'GET of a script', call: {}, isAllowed: true },
    { name: 'GET of another site', call: { site: 'cross-site' }, isAllowed: false },
    { name: 'GET of another port', call: { site: 'same-site' }, isAllowed: false },
    {
      name: 'POST of our page',
      call: { method: 'POST', origin, site: 'same-origin' },
      isAllowed: true,
    },
    { name: 'POST of a script', call: { method: 'POST', origin }, isAllowed: true },
    { name: 'POST without an origin', call: { method: 'POST' }, isAllowed: false },
    {
      name: 'POST of an opaque origin',
      call: { method: 'POST', origin: 'null' },
      isAllowed: false,
    },
    {
      name: 'POST of another port',
      call: { method: 'POST', origin: 'http://127.0.0.1:9' },
      isAllowed: false,
    },
    {
      name: 'DELETE of another site',
      call: { method: 'DELETE', origin: 'https://a.example' },
      isAllowed: false,
    },
    {
      name: 'POST with our origin and another site',
      call: { method: 'POST', origin, site: 'cross-site' },
      isAllowed: false,
    },
    { name: 'PUT out of nowhere', call: { method: 'PUT', origin, site: 'none' }, isAllowed: false },
  ])('$name is let in: $isAllowed', ({ call, isAllowed }) => {
    expect(guardOf().refusesCall(approach(call)) === null).toBe(isAllowed)
  })
})

describe('the transport', () => {
  const proxied = { publicUrl, trustedProxies: ['10.0.0.5'] }
  const tls = { publicUrl, tls: {}, host: '0.0.0.0' }
  const host = 'ward.example'
  test.each([
    { name: 'TLS', config: tls, from: { host, remote: '10.9.9.9' }, isAllowed: true },
    { name: 'TLS under another name', config: tls, from: { host: 'x.example' }, isAllowed: false },
    {
      name: 'https to the proxy',
      config: proxied,
      from: { host, remote: '10.0.0.5', forwardedProto: 'https' },
      isAllowed: true,
    },
    {
      name: 'https to the proxy, mapped address',
      config: proxied,
      from: { host, remote: '::ffff:10.0.0.5', forwardedProto: 'https' },
      isAllowed: true,
    },
    {
      name: 'http to the proxy',
      config: proxied,
      from: { host, remote: '10.0.0.5', forwardedProto: 'http' },
      isAllowed: false,
    },
    {
      name: 'a proxy that does not say',
      config: proxied,
      from: { host, remote: '10.0.0.5' },
      isAllowed: false,
    },
    {
      name: 'somebody who claims to be the proxy',
      config: proxied,
      from: { host, remote: '10.0.0.6', forwardedProto: 'https' },
      isAllowed: false,
    },
    {
      name: 'past the proxy, by address',
      config: { ...proxied, host: '0.0.0.0' },
      from: { remote: '10.0.0.6' },
      isAllowed: false,
    },
    { name: 'on this machine beside a proxy', config: proxied, from: {}, isAllowed: true },
  ])('$name is served: $isAllowed', ({ config, from, isAllowed }) => {
    expect(guardOf(config).refusesHost(approach(from)) === null).toBe(isAllowed)
  })

  test('the origin of the public address is the public address', () => {
    const guard = guardOf(tls)
    expect(guard.refusesSocket(approach({ host, origin: publicUrl }))).toBeNull()
    expect(guard.refusesSocket(approach({ host, origin: 'http://ward.example' }))).not.toBeNull()
    expect(
      guard.refusesSocket(approach({ host, origin: 'https://ward.example:8080' })),
    ).not.toBeNull()
  })
})

describe('the configuration', () => {
  const tls = { certificateFile: 'c', keyFile: 'k' }
  const proxies = { trustedProxies: ['10.0.0.0/24'] }
  test.each([
    { config: {}, fault: null },
    { config: { host: '::1' }, fault: null },
    { config: { host: '0.0.0.0' }, fault: 'host' },
    { config: { host: '192.168.1.5', publicUrl }, fault: 'host' },
    { config: { host: '0.0.0.0', tls }, fault: 'publicUrl' },
    { config: { host: '0.0.0.0', tls, publicUrl }, fault: null },
    { config: { host: '0.0.0.0', tls, publicUrl: 'http://ward.example' }, fault: 'publicUrl' },
    { config: { host: '0.0.0.0', ...proxies, publicUrl }, fault: null },
    { config: proxies, fault: 'publicUrl' },
    { config: { publicUrl }, fault: 'publicUrl' },
    { config: { trustedProxies: ['everybody'], publicUrl }, fault: 'trustedProxies' },
    { config: { tls }, fault: null },
  ])('$config has its fault at $fault', ({ config, fault }) => {
    const parsed = dashboardConfigSchema.safeParse(config)
    expect(parsed.error?.issues[0]?.path[0] ?? null).toBe(fault)
  })

  test('says why another address is refused, and what to do', () => {
    const parsed = dashboardConfigSchema.safeParse({ host: '0.0.0.0' })
    expect(parsed.error?.issues[0]?.message).toMatch(/in the clear: set dashboard\.tls, or/)
  })
})
