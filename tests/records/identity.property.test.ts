import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, formatMac, isUnicast, parseIp } from '../../records/address.ts'
import { isNotifyLevel, severityOf } from '../../records/alert.ts'
import { alertId, anomalyId, rowKeyOf } from '../../records/anomaly.ts'
import { addressKey, leaseKey, parseHostKey, partitionOf } from '../../records/observation.ts'
import { formatTime, parseTime } from '../../records/time.ts'

describe('addresses', () => {
  test.each([
    { text: '10.60.1.20' },
    { text: '255.255.255.255' },
    { text: '::' },
    { text: '::1' },
    { text: '2001:db8::8a2e:370:7334' },
    { text: 'fe80::1:0:0:1' },
  ])('$text is written as it was read', ({ text }) => {
    expect(formatIp(parseIp(text)!)).toBe(text)
  })

  test.each([
    { text: '' },
    { text: '1.2.3' },
    { text: '010.1.1.1' },
    { text: 'fe80::1%eth0' },
    { text: 'host' },
  ])('"$text" is no address', ({ text }) => {
    expect(parseIp(text)).toBeNull()
  })

  test.each([
    { text: '10.0.0.1', unicast: true },
    { text: '0.0.0.0', unicast: false },
    { text: '0.0.0.1', unicast: true },
    { text: '224.0.0.1', unicast: false },
    { text: '255.255.255.255', unicast: false },
    { text: 'ff02::1', unicast: false },
    { text: '::', unicast: false },
    { text: '::1', unicast: true },
  ])('$text belongs to one host: $unicast', ({ text, unicast }) => {
    expect(isUnicast(parseIp(text)!)).toBe(unicast)
  })

  test('any 16 bytes survive text and back', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(bytes, (ip) => {
        expect([...parseIp(formatIp(ip))!]).toEqual([...ip])
      }),
    )
  })

  test('six zero bytes are no MAC', () => {
    expect(formatMac(new Uint8Array(6))).toBeNull()
    expect(formatMac(Uint8Array.of(9, 0, 0x1b, 0x21, 10, 0, 0x30), 1)).toBe('00:1b:21:0a:00:30')
  })
})

describe('host keys', () => {
  test('give back what they were made of', () => {
    expect(parseHostKey(addressKey('north', 'main', 'fe80::1'))).toEqual({
      site: 'north',
      space: 'main',
      address: 'fe80::1',
      mac: null,
    })
    expect(parseHostKey(leaseKey('north', 'vlan7', '00:1b:21:0a:00:30'))).toEqual({
      site: 'north',
      space: 'vlan7',
      address: null,
      mac: '00:1b:21:0a:00:30',
    })
  })

  test('lie in a partition that never changes', () => {
    expect(partitionOf('default|main|ip:10.60.1.20', 12)).toBe(8)
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (key, count) => {
        const partition = partitionOf(key, count)
        expect(partition).toBeGreaterThanOrEqual(0)
        expect(partition).toBeLessThan(count)
      }),
    )
  })
})

describe('ids', () => {
  const row = { site: 's', behaviour: 'port-scan', viewKey: 'k', objectGroup: 'g' } as const

  test('never change for the same row, detector and time', () => {
    const rowKey = rowKeyOf(row)
    expect(rowKey).toBe('["s","port-scan","k","g"]')
    expect(anomalyId(rowKey, 'port-scan', 1)).toBe('3a22bed484a828ab4bef0c7fd415dee8')
    expect(alertId(rowKey, 1)).toBe('95f158999a8b02b1079d98bf7bbf3776')
  })

  test('differ when any part differs, also where parts would run together', () => {
    const part = fc.string({ maxLength: 3 })
    const parts = fc.tuple(part, part, part)
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const key = ([site, viewKey, objectGroup]: readonly string[]) =>
          rowKeyOf({ ...row, site: site!, viewKey: viewKey!, objectGroup: objectGroup! })
        expect(key(a) === key(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
  })
})

test.each([
  { score: 0.29, severity: 'record' },
  { score: 0.3, severity: 'low' },
  { score: 0.6, severity: 'medium' },
  { score: 0.75, severity: 'high' },
  { score: 0.85, severity: 'critical' },
] as const)('score $score is $severity', ({ score, severity }) => {
  expect(severityOf(score)).toBe(severity)
  if (severity !== 'record') expect(isNotifyLevel(severity)).toBe(score >= 0.6)
})

test('times are RFC 3339 in UTC', () => {
  expect(formatTime(1_700_000_000_123_456)).toBe('2023-11-14T22:13:20.123Z')
  expect(parseTime('2023-11-14T23:13:20.123+01:00')).toBe(1_700_000_000_123_000)
  expect(parseTime('yesterday')).toBeNaN()
})
