import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, formatMac, parseIp } from '../../../records/address.ts'
import {
  arpSummary,
  createArpFacts,
  createNdpFacts,
  isGratuitous,
  ndpSummary,
  readArp,
  readNdp,
} from '../../../ingest/protocols/addressing.ts'
import { concat } from '../../../simulator/bytes.ts'
import { arp, macBytes } from '../../../simulator/packets.ts'

const pump = { ip: '10.60.1.20', mac: '00:1b:21:0a:00:20' }
const gateway = { ip: '10.60.1.1', mac: '00:1b:21:0a:00:01' }

function read(packet: Uint8Array) {
  const facts = createArpFacts()
  const rejects: string[] = []
  const isRead = readArp(packet, 0, packet.length, facts, (cause) => rejects.push(cause))
  return { facts, isRead, rejects }
}

describe('ARP', () => {
  test.each([
    {
      name: 'a request asks for the target and tells its sender',
      packet: arp(1, pump, { ip: gateway.ip }),
      told: { event: 'request', name: gateway.ip, addresses: pump.ip },
    },
    {
      name: 'a reply claims the sender address',
      packet: arp(2, gateway, pump),
      told: { event: 'claim', name: pump.ip, addresses: gateway.ip },
    },
    {
      name: 'an announcement is a claim although it is a request (RFC 5227 §2.3)',
      packet: arp(1, pump, { ip: pump.ip }),
      told: { event: 'claim', name: pump.ip, addresses: pump.ip, details: { gratuitous: true } },
    },
    {
      name: 'a gratuitous reply is a claim',
      packet: arp(2, pump, pump),
      told: { event: 'claim', name: pump.ip, addresses: pump.ip, details: { gratuitous: true } },
    },
    {
      name: 'a probe has no sender address (RFC 5227 §2.1.1)',
      packet: arp(1, { ...pump, ip: '0.0.0.0' }, { ip: pump.ip }),
      told: { event: 'request', name: pump.ip },
    },
  ])('$name', ({ packet, told }) => {
    const { facts, isRead } = read(packet)
    const { subjectMac, ...summary } = arpSummary(facts, null)
    expect(isRead).toBe(true)
    expect(summary).toEqual({ service: 'arp', ...told })
    expect(formatMac(subjectMac!)).toBe(told.addresses === gateway.ip ? gateway.mac : pump.mac)
  })

  test('a frame source other than the sender hardware address is told', () => {
    const { facts } = read(arp(2, gateway, pump))
    const frame = concat(new Uint8Array(6), macBytes('00:0c:29:0a:00:66'))
    expect(arpSummary(facts, frame, 6).details).toEqual({ ethernetSource: '00:0c:29:0a:00:66' })
    expect(arpSummary(facts, macBytes(gateway.mac)).details).toBeUndefined()
  })

  test('a packet of 0.0.0.0 for 0.0.0.0 announces nothing', () => {
    const { facts } = read(arp(1, { ...pump, ip: '0.0.0.0' }, { ip: '0.0.0.0' }))
    expect(isGratuitous(facts)).toBe(false)
  })

  const whole = arp(1, pump, gateway)
  const changed = (at: number, ...values: number[]) => {
    const packet = whole.slice()
    packet.set(values, at)
    return packet
  }
  test.each([
    { name: 'empty', packet: new Uint8Array(0), cause: 'arp-truncated' },
    { name: 'one byte short', packet: whole.subarray(0, 27), cause: 'arp-truncated' },
    { name: 'Fibre Channel', packet: changed(0, 0, 18), cause: 'arp-hardware-type' },
    { name: 'for IPv6', packet: changed(2, 0x86, 0xdd), cause: 'arp-protocol-type' },
    {
      name: 'hardware address of 255 bytes',
      packet: changed(4, 255),
      cause: 'arp-hardware-length',
    },
    { name: 'protocol address of 16 bytes', packet: changed(5, 16), cause: 'arp-protocol-length' },
    { name: 'RARP', packet: changed(6, 0, 3), cause: 'arp-operation' },
  ])('counts and refuses a packet: $name', ({ packet, cause }) => {
    expect(read(packet)).toMatchObject({ isRead: false, rejects: [cause] })
  })

  test('reads what was written, whatever the addresses, with padding behind it', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(
        bytes(6),
        bytes(4),
        bytes(6),
        bytes(4),
        bytes(18),
        (sha, spa, tha, tpa, padding) => {
          const packet = concat(Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 2), sha, spa, tha, tpa, padding)
          const { facts } = read(packet)
          expect([...facts.senderMac, ...facts.targetMac]).toEqual([...sha, ...tha])
          expect(formatIp(facts.senderIp)).toBe(spa.join('.'))
          expect(formatIp(facts.targetIp)).toBe(tpa.join('.'))
        },
      ),
    )
  })
})

const host = 'fe80::21b:21ff:fe0a:20'
const router = 'fe80::1'

/** Type, code and checksum, four bytes, then 16 bytes of target address, then options. */
function neighbour(
  type: number,
  flags: number,
  target: string,
  ...options: Uint8Array[]
): Uint8Array {
  return concat(Uint8Array.of(type, 0, 0, 0, flags, 0, 0, 0), parseIp(target)!, ...options)
}

const linkLayer = (type: number, mac: string) => concat(Uint8Array.of(type, 1), macBytes(mac))

function readNeighbour(message: Uint8Array, hopLimit = 255) {
  const facts = createNdpFacts()
  const rejects: string[] = []
  const isRead = readNdp(message, 0, message.length, hopLimit, facts, (cause) =>
    rejects.push(cause),
  )
  return { facts, isRead, rejects }
}

describe('NDP', () => {
  test('a solicitation asks for its target and tells its sender', () => {
    const { facts } = readNeighbour(neighbour(135, 0, host, linkLayer(1, gateway.mac)))
    const { subjectMac, ...summary } = ndpSummary(facts, parseIp(router)!)
    expect(summary).toEqual({ service: 'ndp', event: 'request', name: host, addresses: router })
    expect(formatMac(subjectMac!)).toBe(gateway.mac)
  })

  test('a solicitation from :: looks for duplicates and tells no sender', () => {
    const { facts } = readNeighbour(neighbour(135, 0, host))
    expect(ndpSummary(facts, new Uint8Array(16))).toEqual({
      service: 'ndp',
      event: 'request',
      name: host,
    })
  })

  test('an advertisement claims its target, not its source', () => {
    const { facts } = readNeighbour(neighbour(136, 0xa0, host, linkLayer(2, pump.mac)))
    const { subjectMac, ...summary } = ndpSummary(facts, parseIp(router)!)
    expect(summary).toEqual({
      service: 'ndp',
      event: 'claim',
      name: host,
      addresses: host,
      details: { router: true, solicited: false, override: true },
    })
    expect(formatMac(subjectMac!)).toBe(pump.mac)
  })

  test('a router advertisement claims its source as a router for a time', () => {
    const message = concat(
      Uint8Array.of(134, 0, 0, 0, 64, 0, 0x07, 0x08),
      new Uint8Array(8),
      linkLayer(1, gateway.mac),
    )
    const { facts } = readNeighbour(message)
    const { subjectMac, ...summary } = ndpSummary(facts, parseIp(router)!)
    expect(summary).toEqual({
      service: 'ndp',
      event: 'claim',
      addresses: router,
      ttlSeconds: 1800,
      details: { router: true },
    })
    expect(formatMac(subjectMac!)).toBe(gateway.mac)
  })

  test('what an earlier message said is not carried over', () => {
    const facts = createNdpFacts()
    const first = neighbour(136, 0xe0, host, linkLayer(2, pump.mac))
    const second = neighbour(136, 0, router)
    for (const message of [first, second]) readNdp(message, 0, message.length, 255, facts, () => {})
    expect(ndpSummary(facts, parseIp(router)!)).toEqual({
      service: 'ndp',
      event: 'claim',
      name: router,
      addresses: router,
      details: { router: false, solicited: false, override: false },
    })
  })

  test.each([
    {
      name: 'cut short',
      message: neighbour(135, 0, host).subarray(0, 23),
      hopLimit: 255,
      cause: 'ndp-truncated',
    },
    {
      name: 'from beyond a router',
      message: neighbour(136, 0, host),
      hopLimit: 64,
      cause: 'ndp-hop-limit',
    },
    {
      name: 'with an option of length zero',
      message: neighbour(136, 0, host, Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)),
      hopLimit: 255,
      cause: 'ndp-option-length',
    },
    {
      name: 'with an option longer than the message',
      message: neighbour(136, 0, host, Uint8Array.of(2, 255, 0, 0, 0, 0, 0, 0)),
      hopLimit: 255,
      cause: 'ndp-option-length',
    },
  ])('counts and refuses a message: $name', ({ message, hopLimit, cause }) => {
    expect(readNeighbour(message, hopLimit)).toMatchObject({ isRead: false, rejects: [cause] })
  })

  test('an echo request is passed over without being counted', () => {
    expect(readNeighbour(Uint8Array.of(128, 0, 0, 0))).toMatchObject({ isRead: false, rejects: [] })
  })

  test('never throws and never counts twice', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(134, 135, 136),
        (bytes, type) => {
          const message = concat(Uint8Array.of(type, 0), bytes)
          const { isRead, rejects } = readNeighbour(message)
          expect(rejects).toHaveLength(isRead ? 0 : 1)
        },
      ),
    )
  })
})
