import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MetContacts } from '../../../analyzer/baseline/met-contacts.ts'

describe('the memory of met contacts', () => {
  test('never says that a contact was met that was not', () => {
    const contact = fc.record({
      hour: fc.integer({ min: 0, max: 3 }),
      peer: fc.integer({ min: 0, max: 3 }),
      service: fc.integer({ min: 0, max: 2 ** 25 - 1 }),
      isRemembered: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(contact, { maxLength: 200 }), (contacts) => {
        const met = new MetContacts()
        const hours = Array.from({ length: 4 }, () => met.nextHour())
        const values = ['a', 'b', 'c', 'd']
        met.begin({ codes: new Int32Array(0), values })
        const known = new Set<string>()
        for (const { hour, peer, service, isRemembered } of contacts) {
          const id = `${hour} ${peer} ${service}`
          if (met.has(hours[hour]!, peer, service)) expect(known).toContain(id)
          if (!isRemembered) continue
          met.remember(hours[hour]!, peer, service)
          known.add(id)
          expect(met.has(hours[hour]!, peer, service)).toBe(true)
        }
      }),
    )
  })

  test('knows a peer again under another code of a later batch', () => {
    const met = new MetContacts()
    const hour = met.nextHour()
    met.begin({ codes: new Int32Array(0), values: ['pump', 'server'] })
    met.remember(hour, 1, 7)
    met.begin({ codes: new Int32Array(0), values: ['server', 'printer'] })
    expect([met.has(hour, 0, 7), met.has(hour, 1, 7)]).toEqual([true, false])
  })

  test('has met nobody in an hour that begins', () => {
    const met = new MetContacts()
    met.begin({ codes: new Int32Array(0), values: ['pump'] })
    met.remember(met.nextHour(), 0, 7)
    expect(met.has(met.nextHour(), 0, 7)).toBe(false)
  })

  test('forgets everything when there are too many peers to number', () => {
    const met = new MetContacts()
    const hour = met.nextHour()
    met.begin({ codes: new Int32Array(0), values: ['pump'] })
    met.remember(hour, 0, 7)
    const values = Array.from({ length: 2 ** 18 }, (_, peer) => `peer ${peer}`)
    met.begin({ codes: new Int32Array(0), values })
    expect(met.has(hour, 0, 7)).toBe(false)
  })
})
