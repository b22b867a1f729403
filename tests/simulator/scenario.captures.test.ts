import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isNotifyLevel } from '../../records/alert.ts'
import { dayUs, hourUs } from '../../records/time.ts'
import { attackedBehaviours } from '../../simulator/attacks/index.ts'
import { packetsOf } from '../../simulator/exchange.ts'
import { pcapChunks } from '../../simulator/pcap-file.ts'
import { playScenario } from '../../simulator/scenario.ts'
import { isAbout, isOf, isWithin, simulated } from '../support/simulated.ts'
import { tshark } from '../support/tshark.ts'

const mondayUs = Date.UTC(2026, 0, 5, 8) * 1000
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardwatch-simulator-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('tshark finds no wrong checksum and nothing malformed in a ward with every attack', async () => {
  const period = { fromUs: mondayUs, toUs: mondayUs + 2 * hourUs }
  const { exchanges } = playScenario({ name: 'attacked-ward', period, seed: 3 })
  const path = join(folder, 'ward.pcap')
  await writeFile(path, pcapChunks(packetsOf(exchanges)))
  const checked = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
  const wrong = ['ip', 'tcp', 'udp', 'icmp'].map((name) => `${name}.checksum.status == 0`)
  const filter = ['_ws.malformed', ...wrong].join(' || ')
  expect(await tshark(path, ...checked, '-Y', filter)).toBe('')
  const protocols = await tshark(path, '-q', '-z', 'io,phs')
  for (const name of ['arp', 'dhcp', 'dicom', 'dns', 'ftp', 'hl7', 'http', 'ipp', 'kerberos'])
    expect(protocols).toContain(` ${name} `)
  for (const name of ['ntp', 'smb2', 'ssh', 'telnet', 'tls']) expect(protocols).toContain(name)
})

test.each(attackedBehaviours)(
  'in a hospital, every %s is noticed and nothing else is at notify level',
  { timeout: 300_000 },
  async (behaviour) => {
    const period = { fromUs: mondayUs, toUs: mondayUs + 3 * hourUs }
    const { alerts, labels } = await simulated({
      name: `attack-${behaviour}`,
      size: 'hospital',
      period,
      seed: 21,
      learnUs: dayUs / 2,
    })
    const missed = labels.filter((label) => !alerts.some((alert) => isOf(alert, label)))
    expect(missed.map((label) => label.variant)).toEqual([])
    const unexplained = alerts.filter(
      (alert) =>
        isNotifyLevel(alert.severity) &&
        !labels.some((label) => isWithin(alert, label) && isAbout(alert, label.offender)),
    )
    expect(unexplained.map(({ summary }) => summary)).toEqual([])
  },
)

test(
  'a fortnight of a ward without attacks is silent at notify level',
  { timeout: 600_000 },
  async () => {
    const period = { fromUs: mondayUs, toUs: mondayUs + 14 * dayUs }
    const { alerts } = await simulated({ name: 'ward', period, seed: 8, learnUs: 2 * dayUs })
    expect(alerts.filter(({ severity }) => isNotifyLevel(severity))).toEqual([])
  },
)
