import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { icmpSweep, kerberosBurst, smbBurst } from '../../simulator/bursts.ts'
import type { Packet } from '../../simulator/packets.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { tshark } from '../support/tshark.ts'

const client = { ip: '10.60.1.66', mac: '00:0c:29:0a:00:66' }
const server = { ip: '10.60.1.10', mac: '00:1b:21:0a:00:10' }
const burst = { client, server, failures: 4, startUs: 1_772_438_400_000_000, endsWithSuccess: true }

/** One field of the packets that match, as tshark reads what we wrote. */
async function seen(packets: readonly Packet[], filter: string, field: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wardwatch-'))
  try {
    const path = join(folder, 'burst.pcap')
    writeFileSync(path, encodePcap(packets))
    const text = await tshark(path, '-Y', filter, '-T', 'fields', '-e', field)
    return text.split('\n').filter((line) => line !== '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each(['udp', 'tcp'] as const)(
  'tshark sees the same Kerberos errors over %s',
  async (transport) => {
    const packets = kerberosBurst({ ...burst, transport })
    const errors = await seen(packets, 'kerberos.msg_type == 30', 'kerberos.error_code')
    expect(errors).toEqual([...Array.from({ length: 4 }, () => ['25', '24']).flat(), '25'])
    expect(await seen(packets, 'kerberos.msg_type == 11', 'kerberos.msg_type')).toEqual(['11'])
  },
)

test('tshark sees the same SMB statuses', async () => {
  const statuses = await seen(
    smbBurst(burst),
    'smb2.cmd == 1 && smb2.flags.response == 1',
    'smb2.nt_status',
  )
  const refused = Array.from({ length: 4 }, () => ['0xc0000016', '0xc000006d']).flat()
  expect(statuses).toEqual([...refused, '0xc0000016', '0x00000000'])
})

test('tshark finds nothing malformed', async () => {
  const sweep = icmpSweep({
    scanner: client,
    targets: [server],
    startUs: burst.startUs,
    answering: 1,
  })
  const packets = [...kerberosBurst(burst), ...smbBurst(burst), ...sweep]
  expect(
    await seen(packets, '_ws.malformed || _ws.expert.severity == "Error"', 'frame.number'),
  ).toEqual([])
  expect(await seen(packets, 'icmp', 'icmp.type')).toEqual(['8', '0'])
})
