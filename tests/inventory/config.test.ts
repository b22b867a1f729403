import { describe, expect, test } from 'vitest'
import { inventoryConfigSchema } from '../../inventory/config.ts'

const zone = (name: string, ...networks: string[]) => ({ name, networks })

describe('the declared inventory', () => {
  test.each<[string, object, string, string]>([
    [
      'a zone declared twice',
      { zones: [zone('a', '10.1.0.0/16'), zone('a', '10.2.0.0/16')] },
      'zones.1.name',
      'declared twice',
    ],
    [
      'a network in two zones',
      { zones: [zone('a', '10.1.0.0/16'), zone('b', '10.1.0.0/16')] },
      'zones.1.networks.0',
      'already in zone a',
    ],
    [
      'host bits in a network',
      { zones: [zone('a', '10.1.0.7/16')] },
      'zones.0.networks.0',
      'host bits',
    ],
    ['a network that is none', { monitoredNetworks: ['10.1'] }, 'monitoredNetworks.0', 'CIDR'],
    ['a device without identity', { devices: [{ name: 'x' }] }, 'devices.0', 'exactly one'],
    [
      'a device with two',
      { devices: [{ name: 'x', address: '10.0.0.1', mac: '00:00:00:00:00:01' }] },
      'devices.0',
      'exactly one',
    ],
    [
      'an address declared twice',
      {
        devices: [
          { name: 'x', address: 'fd00::1' },
          { name: 'y', address: 'fd00:0::1' },
        ],
      },
      'devices.1.address',
      'already declared as x',
    ],
    [
      'a MAC declared twice',
      {
        devices: [
          { name: 'x', mac: '00:1B:21:00:00:01' },
          { name: 'y', mac: '00:1b:21:00:00:01' },
        ],
      },
      'devices.1.mac',
      'already declared as x',
    ],
    [
      'a zone that is not there',
      { devices: [{ name: 'x', address: '10.0.0.1', zone: 'a' }] },
      'devices.0.zone',
      'no zone',
    ],
    [
      'a rule about a zone that is not there',
      { access: [{ from: { zone: 'a' }, to: 'any', action: 'allow' }] },
      'access.0.from.zone',
      'no zone',
    ],
    [
      'a rule about a role nobody has',
      { access: [{ from: 'any', to: { role: 'pacs' }, action: 'allow' }] },
      'access.0.to.role',
      'no device has the role pacs',
    ],
    [
      'a rule about a service that is no word',
      { access: [{ from: 'any', to: 'any', services: ['SSH!'], action: 'allow' }] },
      'access.0.services.0',
      'service word',
    ],
    [
      'two rules that contradict each other',
      {
        access: [
          { from: 'any', to: 'any', services: ['ssh', 'rdp'], action: 'allow' },
          { from: 'any', to: 'any', services: ['rdp'], action: 'forbid' },
        ],
      },
      'access.1',
      'contradicts access[0]',
    ],
    ['a word it does not know', { zone: [] }, '', 'zone'],
    [
      'a title longer than DICOM allows',
      { callers: { dicom: [{ title: 'A'.repeat(17), address: '10.0.0.1' }] } },
      'callers.dicom.0.title',
      '',
    ],
  ])('is refused for %s, with the path', (_name, config, path, message) => {
    const result = inventoryConfigSchema.safeParse(config)
    expect(result.success).toBe(false)
    const issues = result.error!.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }))
    expect(
      issues.some((issue) => issue.path === path && issue.message.includes(message)),
      JSON.stringify(issues),
    ).toBe(true)
  })

  test('takes the same rule twice, the same network in two address spaces, and known roles without devices', () => {
    const rule = { from: { role: 'biomed-jump' }, to: 'any', services: ['ssh'], action: 'allow' }
    const zones = [
      { ...zone('a', '10.1.0.0/16'), spaces: ['s1'] },
      { ...zone('b', '10.1.0.0/16'), spaces: ['s2'] },
    ]
    expect(inventoryConfigSchema.safeParse({ zones, access: [rule, rule] }).success).toBe(true)
  })

  test('is empty by default', () => {
    expect(inventoryConfigSchema.parse({})).toEqual({
      monitoredNetworks: [],
      zones: [],
      devices: [],
      access: [],
      callers: {},
    })
  })
})
