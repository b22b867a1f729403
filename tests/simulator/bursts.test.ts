import { describe, expect, test } from 'vitest'
import { icmpSweep, kerberosBurst, smbBurst } from '../../simulator/bursts.ts'
import { playPackets } from '../support/play.ts'

const client = { ip: '10.60.1.66', mac: '00:0c:29:0a:00:66' }
const server = { ip: '10.60.1.10', mac: '00:1b:21:0a:00:10' }
const startUs = 1_772_438_400_000_000

describe('a burst of logins is read back as what it says', () => {
  test.each([
    { name: 'Kerberos over UDP', make: kerberosBurst, reason: 'KDC_ERR_PREAUTH_FAILED' },
    {
      name: 'Kerberos over TCP',
      make: (burst: Parameters<typeof kerberosBurst>[0]) =>
        kerberosBurst({ ...burst, transport: 'tcp' }),
      reason: 'KDC_ERR_PREAUTH_FAILED',
    },
    { name: 'SMB', make: smbBurst, reason: 'STATUS_LOGON_FAILURE' },
  ])('$name', ({ make, reason }) => {
    const packets = make({
      client,
      server,
      failures: 12,
      startUs,
      stepUs: 3_000_000,
      endsWithSuccess: true,
    })
    const { summaries, rejects } = playPackets(packets)
    expect(rejects).toEqual({})
    expect(summaries.map((s) => [s.event, s.outcome, s.reason])).toEqual([
      ...Array.from({ length: 12 }, () => ['login', 'failure', reason]),
      ['login', 'success', undefined],
    ])
    expect(
      summaries.every((s) => s.orig.startsWith(client.ip) && s.resp.startsWith(server.ip)),
    ).toBe(true)
    const seconds = summaries.map((s) => Math.floor((s.timeUs - startUs) / 1e6))
    expect(seconds).toEqual(Array.from({ length: 13 }, (_, i) => i * 3))
    expect(JSON.stringify(summaries)).not.toContain('nurse1')
  })

  test('packets are in time order even when attempts overlap', () => {
    const packets = smbBurst({ client, server, failures: 5, startUs, stepUs: 2_000 })
    expect(packets.map((p) => p.timeUs)).toEqual(packets.map((p) => p.timeUs).sort((a, b) => a - b))
    expect(playPackets(packets).summaries).toHaveLength(5)
  })
})

test('a sweep asks every target once, and the first ones answer', () => {
  const targets = Array.from({ length: 20 }, (_, i) => ({
    ip: `10.60.2.${String(i + 1)}`,
    mac: server.mac,
  }))
  const packets = icmpSweep({ scanner: client, targets, startUs, answering: 3 })
  // ICMP type at byte 34 of an untagged frame with a 20-byte IPv4 header: 8 request, 0 reply.
  const types = packets.map((packet) => packet.bytes[34])
  expect([
    types.filter((type) => type === 8).length,
    types.filter((type) => type === 0).length,
  ]).toEqual([20, 3])
})
