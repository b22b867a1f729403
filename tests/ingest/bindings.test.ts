import { describe, expect, test } from 'vitest'
import { createBindings } from '../../ingest/bindings.ts'
import { type IngestConfig, ingestConfigSchema } from '../../ingest/config.ts'
import { createFlowIdentity } from '../../ingest/record-sink.ts'
import { parseIp } from '../../records/address.ts'

const mac = Uint8Array.of(0, 0x1b, 0x21, 0, 0, 7)
const ipv4 = (10 << 24) | 5

function bindingsOf(config: Partial<IngestConfig> = {}) {
  return createBindings(ingestConfigSchema.parse({ site: 'north', ...config }))
}

function identity(address: string, fields: { space?: number; lease?: Uint8Array } = {}) {
  const flow = createFlowIdentity()
  flow.origIp.set(parseIp(address)!)
  flow.space = fields.space ?? 0
  if (fields.lease !== undefined) flow.origLease.set(fields.lease)
  return flow
}

describe('keyOf', () => {
  test.each([
    ['an IPv4 address', '10.0.0.5', {}, 'north|default|ip:10.0.0.5'],
    ['an IPv6 address', 'fd00:0::5', {}, 'north|default|ip:fd00::5'],
    ['an address of another space', '10.0.0.5', { space: 1 }, 'north|east|ip:10.0.0.5'],
    ['an address with a lease', '10.0.0.5', { lease: mac }, 'north|default|mac:00:1b:21:00:00:07'],
    ['the unspecified address', '0.0.0.0', {}, null],
    ['the unspecified IPv6 address', '::', {}, null],
    ['the limited broadcast', '255.255.255.255', {}, null],
    ['a multicast group', '224.0.0.251', {}, null],
    ['an IPv6 multicast group', 'ff02::1', {}, null],
    ['a broadcast address of the configuration', '10.0.0.255', {}, null],
    [
      'an address that looks like a broadcast but is not known as one',
      '10.0.1.255',
      {},
      'north|default|ip:10.0.1.255',
    ],
  ])('of %s', (_name, address, fields, key) => {
    const bindings = bindingsOf({
      addressSpaces: [{ name: 'east', vlans: [20] }],
      broadcastAddresses: ['10.0.0.255'],
    })
    expect(bindings.keyOf(identity(address, fields), true)).toBe(key)
    expect(bindings.keyOf(identity(address, fields), true)).toBe(key)
  })

  test('is right for more endpoints than are cached', () => {
    const bindings = bindingsOf()
    const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    for (let round = 0; round < 2; round++) {
      for (let i = 1; i < 70_000; i++) {
        expect(
          bindings.keyOf(identity(address(i)), true) === `north|default|ip:${address(i)}`,
        ).toBe(true)
      }
    }
  })
})

describe('leases', () => {
  test('are found by address and space until another binds the address', () => {
    const bindings = bindingsOf()
    const other = Uint8Array.of(2, 2, 2, 2, 2, 2)
    expect(bindings.leaseOf(0, ipv4)).toBeNull()
    bindings.bind(0, '10.0.0.5', mac)
    expect([bindings.leaseOf(0, ipv4), bindings.leaseOf(1, ipv4)]).toEqual([mac, null])
    bindings.bind(0, '10.0.0.5', other)
    expect(bindings.leaseOf(0, ipv4)).toEqual(other)
  })

  test('are kept when the bytes they were told in change', () => {
    const bindings = bindingsOf()
    const told = mac.slice()
    bindings.bind(0, '10.0.0.5', told)
    told.fill(0)
    expect(bindings.leaseOf(0, ipv4)).toEqual(mac)
  })

  test('bind only in dynamic networks when some are configured', () => {
    const bindings = bindingsOf({ dynamicNetworks: ['10.1.0.0/16'] })
    bindings.bind(0, '10.0.0.5', mac)
    bindings.bind(0, '10.1.0.5', mac)
    expect(bindings.leaseCount).toBe(1)
  })

  test.each(['not an address', '255.255.255.255', '0.0.0.0', 'fd00::1'])(
    'never bind %s',
    (address) => {
      const bindings = bindingsOf()
      bindings.bind(0, address, mac)
      expect(bindings.leaseCount).toBe(0)
    },
  )

  test('are forgotten oldest first beyond their limit, and counted', () => {
    const bindings = bindingsOf({ leasesMax: 16 })
    for (let i = 0; i < 16; i++) bindings.bind(0, `10.0.0.${i + 1}`, mac)
    bindings.bind(0, '10.0.0.1', mac)
    bindings.bind(0, '10.0.0.99', mac)
    expect([bindings.leaseCount, bindings.forgottenCount]).toEqual([16, 1])
    expect(bindings.leaseOf(0, (10 << 24) | 1)).not.toBeNull()
    expect(bindings.leaseOf(0, (10 << 24) | 2)).toBeNull()
  })
})
