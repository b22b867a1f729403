import { describe, expect, test } from 'vitest'
import type { Alert } from '../../records/alert.ts'
import { secondUs } from '../../records/time.ts'
import { icmpSweep, kerberosBurst, smbBurst } from '../../simulator/bursts.ts'
import { portSweep } from '../../simulator/conversations.ts'
import type { Station } from '../../simulator/packets.ts'
import { replayedPackets } from '../support/replayed.ts'

const startUs = 1_790_000_000 * secondUs
const client: Station = { ip: '10.60.1.66', mac: '00:0c:29:0a:00:66' }
const server: Station = { ip: '10.60.1.20', mac: '00:09:fb:0a:00:20' }
const targets = (count: number): Station[] =>
  Array.from({ length: count }, (_, i) => ({ ip: `10.60.2.${i + 1}`, mac: `00:1b:21:0b:00:${(i + 16).toString(16)}` }))

/** What a row says, in short. */
const facts = (alerts: readonly Alert[]) =>
  alerts.map(({ behaviour, severity, device, peers, count }) => ({
    behaviour, severity, count, device: device.addresses[0], peer: peers[0]?.address,
  }))

const burst = { client, server, startUs, failures: 12, stepUs: secondUs }
const refused = { behaviour: 'login-burst', severity: 'medium', count: 12, device: server.ip, peer: client.ip }
const letIn = { behaviour: 'login-after-burst', severity: 'critical', count: 13, device: server.ip, peer: client.ip }

describe('packets through the whole product', () => {
  test.each([
    ['Kerberos over UDP', kerberosBurst(burst)],
    ['Kerberos over TCP', kerberosBurst({ ...burst, transport: 'tcp' })],
    ['SMB', smbBurst(burst)],
  ])('of a burst of wrong passwords by %s give a login-burst of the target, and nothing else', async (_name, packets) => {
    expect(facts(await replayedPackets(packets))).toEqual([refused])
  })

  test.each([
    ['Kerberos', kerberosBurst({ ...burst, endsWithSuccess: true })],
    ['SMB', smbBurst({ ...burst, endsWithSuccess: true })],
  ])('of a burst by %s that ends in a success page', async (_name, packets) => {
    const alerts = facts(await replayedPackets(packets))
    expect(alerts).toHaveLength(2)
    expect(alerts).toEqual(expect.arrayContaining([refused, letIn]))
  })

  test('of nine wrong passwords are silent', async () => {
    expect(await replayedPackets(smbBurst({ ...burst, failures: 9 }))).toEqual([])
  })

  test('of an ICMP sweep give a host-scan of the scanner, answered or not', async () => {
    const packets = icmpSweep({ scanner: client, targets: targets(24), startUs, answering: 12 })
    expect(facts(await replayedPackets(packets))).toEqual([
      { behaviour: 'host-scan', severity: 'medium', count: 24, device: client.ip, peer: '10.60.2.1' },
    ])
  })

  test('of nine pings are silent', async () => {
    expect(await replayedPackets(icmpSweep({ scanner: client, targets: targets(9), startUs }))).toEqual([])
  })

  test('of a port scan by a declared medical device weigh more, and name it', async () => {
    const packets = portSweep({ client, server, clientPort: 50_000, startUs }, [21, 22, 23, 80, 443], 100_000)
    const inventory = { devices: [{ name: 'Pump 4', address: client.ip, deviceClass: 'medical' as const }] }
    const [alert, ...more] = await replayedPackets(packets, { inventory })
    expect(more).toEqual([])
    expect(alert).toMatchObject({ behaviour: 'port-scan', severity: 'high', count: 5, device: { name: 'Pump 4' } })
  })
})
