import { describe, expect, test } from 'vitest'
import { inventoryConfigSchema } from '../../inventory/config.ts'
import { createDeclaredPolicy } from '../../inventory/declared.ts'
import { parseHostKey } from '../../records/observation.ts'

const hospital = {
  monitoredNetworks: ['198.51.100.0/24'],
  zones: [
    { name: 'campus', networks: ['10.0.0.0/8', 'fd00::/16'] },
    { name: 'imaging', networks: ['10.60.1.0/24', 'fd00:60:1::/48'], isClinical: true },
    { name: 'lab', networks: ['10.60.1.0/25'], spaces: ['lab'] },
  ],
  devices: [
    { name: 'CT 1', address: '10.60.1.20', deviceClass: 'medical', roles: ['modality'] },
    { name: 'Jump', address: '10.7.0.5', roles: ['biomed-jump'] },
    { name: 'Pumps', network: '10.60.1.64/26', deviceClass: 'medical' },
    { name: 'Cart', mac: '00:1B:21:0A:00:30', deviceClass: 'medical', zone: 'imaging' },
  ],
  access: [
    { from: { role: 'biomed-jump' }, to: 'any', services: ['ssh'], action: 'allow' },
    {
      from: { zone: 'campus' },
      to: { zone: 'imaging' },
      services: ['dicom', 'tcp/8000'],
      action: 'allow',
    },
    { from: { isMonitored: false }, to: { deviceClass: 'medical' }, action: 'forbid' },
    { from: { zone: 'campus' }, to: { zone: 'imaging' }, action: 'forbid' },
  ],
  callers: { dicom: [{ title: 'CTSCAN1', address: '10.60.1.20' }] },
}

const policy = createDeclaredPolicy(inventoryConfigSchema.parse(hospital))
const host = (address: string, space = 'default') =>
  policy.hostOf(parseHostKey(`main|${space}|ip:${address}`), address)

describe('what is declared of a host', () => {
  test.each([
    [
      'by its address',
      '10.60.1.20',
      {
        name: 'CT 1',
        deviceClass: 'medical',
        roles: ['modality'],
        zone: 'imaging',
        isClinical: true,
        isMonitored: true,
      },
    ],
    [
      'by the longest network',
      '10.60.1.70',
      { name: null, deviceClass: 'medical', zone: 'imaging' },
    ],
    [
      'by its zone alone',
      '10.9.9.9',
      { name: null, deviceClass: 'unknown', roles: [], zone: 'campus', isClinical: false },
    ],
    ['by an IPv6 network', 'fd00:60:1::5', { zone: 'imaging' }],
    ['for a private address without a zone', '192.168.1.1', { zone: null, isMonitored: true }],
    ['for a configured public network', '198.51.100.9', { zone: null, isMonitored: true }],
    ['for the Internet', '203.0.113.9', { zone: null, isMonitored: false, deviceClass: 'unknown' }],
    ['for an IPv6 address of the Internet', '2001:db8::1', { isMonitored: false }],
  ])('is found %s', (_name, address, expected) => {
    expect(host(address)).toMatchObject(expected)
  })

  test('is found by its MAC whatever its address', () => {
    const parts = parseHostKey('main|vlan7|mac:00:1b:21:0a:00:30')
    expect(policy.hostOf(parts, '10.9.9.9')).toMatchObject({
      name: 'Cart',
      deviceClass: 'medical',
      zone: 'imaging',
    })
    expect(policy.hostOf(parts, null)).toMatchObject({ name: 'Cart', isMonitored: true })
  })

  test('keeps address spaces apart', () => {
    expect([host('10.60.1.5').zone, host('10.60.1.5', 'lab').zone]).toEqual(['imaging', 'lab'])
  })

  test('is the same when asked again', () => {
    expect(host('10.60.1.20')).toBe(host('10.60.1.20'))
  })
})

describe('who may contact whom', () => {
  test.each([
    ['a role', '10.7.0.5', '10.60.1.20', 'tcp/22', 'allowed'],
    ['a service word, by its port', '10.9.9.9', '10.60.1.20', 'tcp/11112', 'allowed'],
    ['a service word, by its name', '10.9.9.9', '10.60.1.20', 'dicom', 'allowed'],
    ['a port', '10.9.9.9', '10.60.1.20', 'tcp/8000', 'allowed'],
    ['the rest of the zone pair', '10.9.9.9', '10.60.1.20', 'tcp/22', 'forbidden'],
    ['the Internet to a medical device', '203.0.113.9', '10.60.1.20', 'tcp/104', 'forbidden'],
    ['the Internet to another host', '203.0.113.9', '10.9.9.9', 'tcp/104', 'undeclared'],
    ['nothing declared', '192.168.1.1', '10.9.9.9', 'tcp/22', 'undeclared'],
  ])('is decided by the first rule that matches: %s', (_name, from, to, service, permission) => {
    expect(policy.accessOf(host(from), host(to), service)).toBe(permission)
  })
})

test.each([
  ['dicom', 'CTSCAN1', '10.60.1.20', 'allowed'],
  ['dicom', 'CTSCAN1 ', '10.60.1.20', 'allowed'],
  ['dicom', 'CTSCAN1', '10.60.1.66', 'forbidden'],
  ['dicom', 'ECHOSCU', '10.60.1.20', 'forbidden'],
  ['hl7', 'MONITOR1|WARD', '10.60.1.20', 'undeclared'],
] as const)(
  'answers whether the %s caller %s may come from %s',
  (protocol, caller, address, permission) => {
    expect(policy.callerOf(protocol, caller, address)).toBe(permission)
  },
)

test('declares nothing with an empty configuration', () => {
  const empty = createDeclaredPolicy(inventoryConfigSchema.parse({}))
  const any = empty.hostOf(parseHostKey('main|default|ip:10.0.0.1'), '10.0.0.1')
  expect(any).toEqual({
    name: null,
    deviceClass: 'unknown',
    roles: [],
    zone: null,
    isClinical: false,
    isMonitored: true,
  })
  expect(empty.accessOf(any, any, 'ssh')).toBe('undeclared')
  expect(empty.callerOf('dicom', 'X', '10.0.0.1')).toBe('undeclared')
})
