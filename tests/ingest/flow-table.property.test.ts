import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RecordCopy } from '../support/pipeline-run.ts'
import { runPackets } from '../support/pipeline-run.ts'
import { moves, packetsOf } from '../support/traffic-arbitrary.ts'

const sumOf = (records: readonly RecordCopy[], value: (record: RecordCopy) => number) =>
  records.reduce((sum, record) => sum + value(record), 0)
const packetsIn = (record: RecordCopy) => record.origPackets + record.respPackets
const ipBytesIn = (record: RecordCopy) => record.origIpBytes + record.respIpBytes

function ipBytesOf(frame: Uint8Array): number {
  return (frame[16]! << 8) | frame[17]!
}

describe('flow records', () => {
  test('hold every packet and byte exactly once, whatever the active timeout', () => {
    fc.assert(
      fc.property(moves, fc.constantFrom(0.001, 1, 60, 3600), (list, activeSeconds) => {
        const packets = packetsOf(list)
        const { records } = runPackets(packets, { config: { activeSeconds } })
        expect(sumOf(records, packetsIn)).toBe(packets.length)
        expect(sumOf(records, ipBytesIn)).toBe(
          packets.reduce((sum, { bytes }) => sum + ipBytesOf(bytes), 0),
        )
        const payload = sumOf(records, (r) => r.origPayloadBytes + r.respPayloadBytes)
        expect(payload).toBe(
          list.reduce((sum, move) => sum + move.payloadBytes + (move.kind === 'echo' ? 0 : 4), 0),
        )
      }),
    )
  })

  test('begin and end each flow once, in an order of time and sequence that never goes back', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { records, stats } = runPackets(packetsOf(list))
        expect(records.map((r) => r.sequence)).toEqual(records.map((_, i) => i + 1))
        expect(records.map((r) => r.timeUs)).toEqual(
          records.map((r) => r.timeUs).sort((a, b) => a - b),
        )
        const ids = Array.from({ length: stats.flows }, (_, i) => i + 1)
        const idsWhere = (test: (r: RecordCopy) => boolean) =>
          records
            .filter(test)
            .map((r) => r.flowId)
            .sort((a, b) => a - b)
        expect(idsWhere((r) => r.isFirst)).toEqual(ids)
        expect(idsWhere((r) => r.kind === 'end')).toEqual(ids)
        for (const id of ids) {
          const kinds = records.filter((r) => r.flowId === id).map((r) => r.kind)
          expect(kinds.join(' ')).toMatch(/^(start )?(update )*end$/)
        }
      }),
    )
  })

  test('do not depend on the seed of the hash nor on how packets are cut into blocks', () => {
    fc.assert(
      fc.property(moves, fc.integer(), fc.integer({ min: 1, max: 20 }), (list, seed, blockRows) => {
        const packets = packetsOf(list)
        expect(runPackets(packets, { seed, blockRows })).toEqual(runPackets(packets))
      }),
    )
  })

  test('are the same over IPv4, IPv6 and a VLAN but for the headers', () => {
    const bare = ({
      origIp,
      respIp,
      origIpBytes,
      respIpBytes,
      vlan,
      protocol,
      origPort,
      respPort,
      ...rest
    }: RecordCopy) => ({
      ...rest,
      hosts: [origIp, respIp].map((ip) => ip.at(-1)),
      ports: protocol === 1 || protocol === 58 ? [] : [origPort, respPort],
      headers: (origIpBytes > 0 || respIpBytes > 0) && (vlan === 0 || vlan === 30),
    })
    fc.assert(
      fc.property(moves, (list) => {
        const [v4, v6, vlan] = (['ipv4', 'ipv6', 'vlan'] as const).map((family) =>
          runPackets(packetsOf(list, family)).records.map(bare),
        )
        expect(v6).toEqual(v4)
        expect(vlan).toEqual(v4)
      }),
    )
  })

  test('differ only in duplicatePackets when a mirror delivers every packet twice', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const packets = packetsOf(list)
        const once = runPackets(packets)
        const twice = runPackets(packets.flatMap((packet) => [packet, packet]))
        const without = (records: readonly RecordCopy[]) =>
          records.map((r) => ({ ...r, duplicatePackets: 0 }))
        expect(without(twice.records)).toEqual(without(once.records))
        expect(twice.summaries).toEqual(once.summaries)
        expect(twice.stats.duplicates).toBe(packets.length)
        expect(sumOf(twice.records, (r) => r.duplicatePackets)).toBe(packets.length)
        expect(sumOf(once.records, (r) => r.duplicatePackets)).toBe(0)
      }),
    )
  })

  test('lose nothing when the table is too small, and count each flow that ended early', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const packets = packetsOf(list)
        const { records, stats } = runPackets(packets, { config: { flowsMax: 16 } })
        expect(sumOf(records, packetsIn)).toBe(packets.length)
        expect(records.filter((r) => r.endReason === 5)).toHaveLength(stats.evictedFlows)
      }),
    )
  })
})
