import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../app/config.ts'
import type { Alert } from '../../records/alert.ts'
import { secondUs } from '../../records/time.ts'
import { dnsLookup, hl7Messages, tlsSession } from '../../simulator/conversations.ts'
import { dicomAssociation } from '../../simulator/dicom-conversations.ts'
import type { Packet, Station } from '../../simulator/packets.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { createTcpTalk } from '../../simulator/tcp-talk.ts'
import { sentence } from '../../app/commands/replay.ts'
import { unprintableTexts } from '../support/printable.ts'
import { replayed } from '../support/replayed.ts'

const startUs = 1_790_000_000 * secondUs
const server: Station = { ip: '10.60.1.10', mac: '00:1b:21:0a:00:10' }
const known: Station = { ip: '10.60.1.20', mac: '00:1b:21:0a:00:20' }
const stranger: Station = { ip: '10.60.1.66', mac: '00:0c:29:0a:00:66' }
const outside: Station = { ip: '203.0.113.7', mac: '00:1b:21:0a:00:01' }

/** As bytes on the wire, one per character; UTF-8 where it says so. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1')
const hostileNames: readonly (readonly [name: string, text: string])[] = [
  ['escape sequences', '\u001b]0;owned\u0007\u001b[2J\u001b[31m'],
  ['C1 controls', '\u009b2J\u0085\u0090x'],
  ['line ends', 'A\r\n2026-01-01 critical fake'],
  ['nulls', '\0\0AB'],
  ['right-to-left marks', utf8('\u202egnp.exe\u2066')],
  ['zero-width characters', utf8('PA\u200bCS\ufeff')],
  ['broken UTF-8', '\xff\xfe\xc0\x80\xed\xa0\x80'],
  ['markup', '<script>1</script>'],
  ['ten thousand characters', 'A'.repeat(10_000)],
]

const inventory: ConfigInput['inventory'] = {
  callers: { dicom: [{ title: 'CT1', address: known.ip }], hl7: [{ sender: 'MON|W', address: known.ip }] },
}

/** Every place where a stranger's words can reach an alert: titles, senders, names looked up, names of the device. */
function spoken(word: string): Packet[] {
  const opening = { client: stranger, server, startUs }
  const web = createTcpTalk({ ...stranger, port: 40_004 }, { ...server, port: 80 }, { startUs: startUs + 5e6 }).open()
  web.send(`GET /${word} HTTP/1.1\r\nHost: ${word}\r\nUser-Agent: ${word}\r\n\r\n`).answer(`HTTP/1.1 200 ${word}\r\nServer: ${word}\r\n\r\n`)
  const packets = [
    ...dicomAssociation({ ...opening, clientPort: 40_000 }, { calling: word.slice(0, 16), called: word.slice(0, 16) }),
    ...hl7Messages({ ...opening, clientPort: 40_001 }, { application: word, facility: word }, 2, secondUs),
    ...dnsLookup({ ...opening, clientPort: 40_002 }, word.slice(0, 60), outside.ip),
    ...tlsSession({ ...opening, server: outside, clientPort: 40_003, startUs: startUs + 4e6 }, word, 500),
    ...web.close().packets,
  ]
  return packets.sort((a, b) => a.timeUs - b.timeUs)
}

async function alertsOn(word: string): Promise<Alert[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-hostile-'))
  try {
    const [taught, watched] = [join(folder, 'taught.pcap'), join(folder, 'watched.pcap')]
    const usual = dicomAssociation({ client: known, server, clientPort: 41_000, startUs: startUs - 6e8 }, { calling: 'CT1', called: 'PACS' })
    const own = tlsSession({ client: stranger, server, clientPort: 41_001, startUs: startUs - 5e8 }, 'usual.example', 500)
    await writeFile(taught, encodePcap([...usual, ...own]))
    await writeFile(watched, encodePcap(spoken(word)))
    return await replayed({ files: [watched], learn: [taught], config: { inventory } })
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('a stranger whose names are', () => {
  test.each(hostileNames)('%s is told of in bounded, printable words', async (_name, word) => {
    const alerts = await alertsOn(word)
    const behaviours = alerts.map(({ behaviour }) => behaviour)
    expect(behaviours).toEqual(expect.arrayContaining(['unauthorized-access', 'irregular-destination']))
    expect(unprintableTexts(alerts)).toEqual([])
    for (const alert of alerts) {
      expect(alert.summary.length).toBeLessThan(1500)
      expect(JSON.stringify(alert).length).toBeLessThan(6000)
      expect(unprintableTexts(sentence(alert))).toEqual([])
    }
  })
})

test('the sentence on a terminal is one bounded line of printable text, whatever an alert holds', () => {
  // The longest last: what stands before it must still be there.
  const hostile = hostileNames.map(([, text]) => text).join('')
  const alert = {
    firstSeen: '2026-01-01T00:00:00.000Z', severity: 'low', behaviour: 'host-scan', count: 1,
    summary: `${hostile}\u202e\u2028`,
  } as const
  const line = sentence(alert)
  expect(unprintableTexts(line)).toEqual([])
  expect(line.length).toBeLessThan(2500)
  expect(line).toContain('<script>1</script>')
})
