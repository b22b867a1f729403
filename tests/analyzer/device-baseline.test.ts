import { expect, test } from 'vitest'
import {
  destinationGroup,
  domainOf,
  networkOf,
  serviceWord,
} from '../../analyzer/device-baseline.ts'

test.each([
  { name: 'a TCP service is named by its port', protocol: 6, port: 443, word: 'tcp/443' },
  {
    name: 'the last port below the dynamic ones is a service of its own',
    protocol: 17,
    port: 32_767,
    word: 'udp/32767',
  },
  { name: 'dynamic ports are one service', protocol: 6, port: 32_768, word: 'tcp/dynamic' },
  { name: 'the highest port is dynamic', protocol: 6, port: 65_535, word: 'tcp/dynamic' },
  { name: 'ICMP has no ports, whatever its code', protocol: 1, port: 3, word: 'icmp' },
  { name: 'another protocol is named by its number', protocol: 47, port: 0, word: 'ip/47' },
])('$name', ({ protocol, port, word }) => {
  expect(serviceWord(protocol, port)).toBe(word)
})

test.each([
  {
    name: 'an internal peer by its key',
    internal: true,
    address: '10.0.0.1',
    lookedUp: 'pacs.hospital.example',
    group: 'site|s|ip:10.0.0.1',
  },
  {
    name: 'an external peer by the registered domain of its name',
    internal: false,
    address: '203.0.113.9',
    lookedUp: 'a.b.Vendor.co.uk',
    group: 'vendor.co.uk',
  },
  {
    name: 'an external IPv4 peer without a name by its /24',
    internal: false,
    address: '203.0.113.9',
    lookedUp: null,
    group: '203.0.113.0/24',
  },
  {
    name: 'an external IPv6 peer without a name by its /48',
    internal: false,
    address: '2001:db8:1:2::3',
    lookedUp: null,
    group: '2001:db8:1::/48',
  },
])('groups $name', ({ internal, address, lookedUp, group }) => {
  expect(destinationGroup(`site|s|ip:${address}`, address, internal, lookedUp)).toBe(group)
})

test('keeps tenants of shared hosting apart, and a name without a registered domain as it is', () => {
  expect(domainOf('x.tenant-a.github.io')).toBe('tenant-a.github.io')
  expect(domainOf('PRINTER')).toBe('printer')
})

test('leaves what is no address alone', () => {
  expect(networkOf('not an address')).toBe('not an address')
})
