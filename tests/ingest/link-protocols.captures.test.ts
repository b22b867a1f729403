import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatIp, formatMac } from '../../records/address.ts'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { decodeFrame, Frame, frameKind, ipProtocol } from '../../ingest/frame.ts'
import {
  arpSummary,
  createArpFacts,
  createNdpFacts,
  isNdp,
  ndpSummary,
  readArp,
  readNdp,
} from '../../ingest/protocols/addressing.ts'
import { capturesFolder } from '../support/captures.ts'
import { tshark } from '../support/tshark.ts'

interface Row {
  readonly sender: string
  readonly target: string
  readonly mac: string
}

interface Read {
  readonly arp: (Row & { operation: number })[]
  readonly ndp: (Row & { type: number })[]
  readonly rejects: Record<string, number>
}

async function read(file: string): Promise<Read> {
  const result: Read = { arp: [], ndp: [], rejects: {} }
  const reject = (cause: string) => {
    result.rejects[cause] = (result.rejects[cause] ?? 0) + 1
  }
  const [frame, arp, ndp] = [new Frame(), createArpFacts(), createNdpFacts()]
  for await (const block of createCaptureFileSource([join(capturesFolder(), file)]).blocks()) {
    const { bytes } = block
    for (let row = 0; row < block.count; row++) {
      const captured = block.capturedLength[row]!
      const isRead = decodeFrame(
        bytes,
        block.offset[row]!,
        captured,
        block.originalLength[row]!,
        block.linkType[row]!,
        frame,
      )
      if (!isRead) continue
      if (frame.kind === frameKind.arp) {
        if (!readArp(bytes, frame.networkAt, frame.capturedEnd, arp, reject)) continue
        const { name, subjectMac } = arpSummary(arp, bytes, frame.srcMacAt)
        const sender = formatIp(arp.senderIp)
        result.arp.push({
          operation: arp.operation,
          sender,
          target: name!,
          mac: formatMac(subjectMac!) ?? '',
        })
      } else if (frame.protocol === ipProtocol.icmpv6 && isNdp(frame.srcPort)) {
        const hopLimit = bytes[frame.networkAt + 7]!
        if (!readNdp(bytes, frame.transportAt, frame.capturedEnd, hopLimit, ndp, reject)) continue
        const { addresses, name, subjectMac } = ndpSummary(ndp, bytes, frame.networkAt + 8)
        const mac = subjectMac === undefined ? '' : (formatMac(subjectMac) ?? '')
        result.ndp.push({ type: ndp.type, sender: addresses ?? '::', target: name ?? '', mac })
      }
    }
  }
  return result
}

async function rows(file: string, filter: string, names: readonly string[]): Promise<string[][]> {
  const fields = names.flatMap((name) => ['-e', name])
  const text = await tshark(
    join(capturesFolder(), file),
    '-Y',
    filter,
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    ...fields,
  )
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
}

describe('ARP is read as tshark reads it', () => {
  test.each([
    'formats/arp-oobr.pcap',
    'formats/snap-arp.pcapng',
    'medical-lab/arp-spoof-mitm.pcap',
    'medical-lab/dicom-theft.pcap',
    'proto/arp-vlan.pcap',
    'proto/cloudshark-arp.pcap',
  ])('%s', async (file) => {
    const wellFormed =
      'arp.hw.type in {1,6} && arp.proto.type == 0x0800 && arp.hw.size == 6 && arp.proto.size == 4'
    const names = ['arp.opcode', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4', 'arp.src.hw_mac']
    const seen = await rows(file, `${wellFormed} && arp.opcode in {1,2}`, names)
    const told = (await read(file)).arp
    expect(told.map((row) => [row.operation, row.sender, row.target, row.mac].join())).toEqual(
      seen.map(([operation, sender, target, mac]) =>
        [operation, sender, target, mac === '00:00:00:00:00:00' ? '' : mac].join(),
      ),
    )
  })

  test('overlong addresses are refused and counted, each packet once', async () => {
    const { arp, rejects } = await read('attack/arp-leak.pcap')
    expect(arp).toEqual([])
    expect(rejects).toEqual({ 'arp-hardware-length': 4, 'arp-protocol-length': 2 })
  })
})

describe('NDP is read as tshark reads it', () => {
  test.each(['attack/kill_router6.pcap', 'benign/android.pcap', 'benign/iphone.pcap'])(
    '%s',
    async (file) => {
      const names = [
        'icmpv6.type',
        'ipv6.src',
        'icmpv6.nd.ns.target_address',
        'icmpv6.nd.na.target_address',
        'icmpv6.opt.linkaddr',
      ]
      const seen = await rows(file, 'icmpv6.type in {134,135,136}', names)
      const told = (await read(file)).ndp
      expect(told.map((row) => [row.type, row.sender, row.target].join())).toEqual(
        seen.map(([type, source, solicited, advertised]) =>
          [type, type === '136' ? advertised : source, `${solicited!}${advertised!}`].join(),
        ),
      )
      expect(told.length).toBeGreaterThan(0)
    },
  )
})
