import { secondUs, type TimeUs } from '../records/time.ts'
import {
  arpExchange,
  dnsLookup,
  hl7Messages,
  type Opening,
  portSweep,
  telnetLogins,
  tlsSession,
} from './conversations.ts'
import { dicomAssociation } from './dicom-conversations.ts'
import { sshSession } from './ssh-conversations.ts'
import type { Packet, Station } from './packets.ts'

/** The stations of the sample ward: one clinical network, a laboratory's worth of devices, one intruder. */
export const sampleStations = {
  router: { ip: '10.60.1.1', mac: '00:1b:21:0a:00:01' },
  nameServer: { ip: '10.60.1.2', mac: '00:1b:21:0a:00:02' },
  pumpServer: { ip: '10.60.1.5', mac: '00:1b:21:0a:00:05' },
  pacs: { ip: '10.60.1.10', mac: '00:1b:21:0a:00:10' },
  pump: { ip: '10.60.1.14', mac: '00:09:fb:0a:00:14' },
  monitor: { ip: '10.60.1.20', mac: '00:09:fb:0a:00:20' },
  scanner: { ip: '10.60.1.30', mac: '00:0c:29:0a:00:30' },
  engine: { ip: '10.60.1.40', mac: '00:1b:21:0a:00:40' },
  nursePc: { ip: '10.60.1.50', mac: '00:1b:21:0a:00:50' },
  intruder: { ip: '10.60.1.66', mac: '00:0c:29:0a:00:66' },
} as const satisfies Record<string, Station>

/** Length of one pass: the loop shifts the next one by it. */
export const samplePassUs = 60 * secondUs

/** What people have declared of the sample ward, as the `inventory` part of a configuration. */
export const sampleInventory = {
  zones: [{ name: 'ward', networks: ['10.60.1.0/24'], isClinical: true }],
  devices: [
    { name: 'Pump-14', address: '10.60.1.14', deviceClass: 'medical' as const, roles: ['pump'] },
    {
      name: 'Monitor-2',
      address: '10.60.1.20',
      deviceClass: 'medical' as const,
      roles: ['monitor'],
    },
    { name: 'CT-3', address: '10.60.1.30', deviceClass: 'medical' as const, roles: ['modality'] },
    { name: 'PACS', address: '10.60.1.10', deviceClass: 'server' as const, roles: ['pacs'] },
    {
      name: 'Interface engine',
      address: '10.60.1.40',
      deviceClass: 'server' as const,
      roles: ['engine'],
    },
    { name: 'Nurse PC', address: '10.60.1.50', roles: ['workstation'] },
  ],
  callers: {
    dicom: [{ title: 'CTSCAN1', address: '10.60.1.30' }],
    hl7: [{ sender: 'MONITOR1|WARD', address: '10.60.1.20' }],
  },
}

/**
 * One minute of a ward with four attacks in it: a port scan of a pump, guessed Telnet logins on a CT that end in
 * success, a stolen look into the PACS, a remote shell on a patient monitor. Valid checksums, real protocol bytes.
 * @returns packets in the order of time, all within [`startUs`, `startUs` + `samplePassUs`).
 */
export function sampleCapture(startUs: TimeUs): Packet[] {
  const packets = [...usualTraffic(startUs), ...attacks(startUs)]
  return packets.sort((a, b) => a.timeUs - b.timeUs)
}

function usualTraffic(startUs: TimeUs): Packet[] {
  const s = sampleStations
  const at = (second: number) => startUs + second * secondUs
  const packets = hl7Messages(
    opening(s.monitor, s.engine, 40_001, at(0.2)),
    { application: 'MONITOR1', facility: 'WARD' },
    26,
    2 * secondUs,
  )
  for (let second = 1; second < 58; second += 4) {
    packets.push(...arpExchange(s.pump, s.pumpServer, at(second)))
    packets.push(
      ...tlsSession(
        opening(s.pump, s.pumpServer, 41_000 + second, at(second + 0.1)),
        'pumps.ward.example',
        900,
      ),
    )
  }
  for (let second = 3; second < 50; second += 11) {
    packets.push(
      ...dnsLookup(
        opening(s.nursePc, s.nameServer, 42_000 + second, at(second)),
        'intranet.example',
        '10.60.1.5',
      ),
    )
    packets.push(
      ...tlsSession(
        opening(s.nursePc, s.pumpServer, 43_000 + second, at(second + 0.2)),
        'intranet.example',
        6_000,
      ),
    )
  }
  for (let second = 6; second < 55; second += 16) {
    packets.push(
      ...dicomAssociation(
        opening(s.scanner, s.pacs, 44_000 + second, at(second)),
        { calling: 'CTSCAN1', called: 'PACS1' },
        60_000,
      ),
    )
  }
  return packets
}

function attacks(startUs: TimeUs): Packet[] {
  const s = sampleStations
  const at = (second: number) => startUs + second * secondUs
  const ports = [21, 22, 23, 80, 111, 139, 443, 445, 502, 1433, 3389, 5900, 8080, 8443]
  return [
    ...portSweep(opening(s.intruder, s.pump, 50_000, at(2)), ports, 0.12 * secondUs),
    ...telnetLogins(opening(s.intruder, s.scanner, 51_000, at(8)), 14, true),
    ...dicomAssociation(
      opening(s.intruder, s.pacs, 52_000, at(18)),
      { calling: 'ECHOSCU', called: 'PACS1' },
      200,
    ),
    ...sshSession(opening(s.nursePc, s.monitor, 53_000, at(28)), 9_000),
  ]
}

function opening(client: Station, server: Station, clientPort: number, startUs: TimeUs): Opening {
  return { client, server, clientPort, startUs: Math.round(startUs) }
}
