import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatIp, formatMac } from '../../records/address.ts'
import { dayUs, hourUs, minuteUs, secondUs } from '../../records/time.ts'
import type { FlowStore } from '../../store/flow-store.ts'
import type { HistoryGap } from '../../store/segment-store.ts'
import { type FlowLine, flowMessage, keyOf } from '../support/flow-messages.ts'

const startUs = Date.UTC(2026, 10, 21, 10) * 1000

/**
 * Every promise of store/flow-store.ts.
 * @param open makes stores over one empty place, a new one for each test, with segments of so many rows and so many days
 * of event time kept.
 */
export function flowStoreContract(
  name: string,
  open: () => Promise<{
    create: (options?: {
      isDurable?: boolean
      retentionDays?: number
      segmentRowsMax?: number
    }) => FlowStore
    remove: () => Promise<void>
  }>,
): void {
  describe(`${name} keeps the promises of a flow store`, () => {
    let place: Awaited<ReturnType<typeof open>>
    let store: FlowStore

    beforeEach(async () => {
      place = await open()
      store = place.create()
      await store.start()
    })
    afterEach(async () => {
      await store.stop()
      await place.remove()
    })

    /** Appends messages of one partition from `offset` on and flushes. */
    async function keep(
      values: readonly Uint8Array[],
      { partition = 0, offset = 0 }: { partition?: number; offset?: number } = {},
    ): Promise<void> {
      const messages = values.map((value, index) => ({ offset: offset + index, value }))
      await store.append({ partition, messages })
      await store.flush()
    }
    const lookup = (device: string, over = {}) => store.lookup({ device, limit: 1000, ...over })
    const line = (second: number, over: Partial<FlowLine> = {}): FlowLine => ({
      orig: '10.60.1.20',
      resp: '10.60.1.40',
      lastUs: startUs + second * secondUs,
      ...over,
    })

    test('an empty history has no position and finds nothing', async () => {
      expect(await store.position(3)).toBe(0)
      expect(await lookup('10.60.1.20')).toEqual({
        flows: [],
        totals: {
          flows: 0,
          records: 0,
          packetsOut: 0,
          packetsIn: 0,
          ipBytesOut: 0,
          ipBytesIn: 0,
          firstUs: null,
          lastUs: null,
        },
        visibility: { fromUs: null, toUs: null, gaps: [] },
      })
    })

    test('a record is read as it was written', async () => {
      const written = line(5, {
        startUs: startUs,
        origPort: 50_001,
        respPort: 443,
        origPackets: 7,
        respPackets: 5,
        origIpBytes: 1_234_567_890_123,
        respIpBytes: 999,
        origPayloadBytes: 1_234_567_889_000,
        respPayloadBytes: 0,
        connState: 6,
        vlan: 17,
        service: 'tls',
        origMac: 9,
        duplicatePackets: 3,
      })
      await keep([flowMessage(1, [written])])
      const { flows, visibility } = await lookup('10.60.1.20')
      expect(flows).toHaveLength(1)
      const [flow] = flows
      expect({
        ...flow,
        origIp: formatIp(flow!.origIp),
        respIp: formatIp(flow!.respIp),
        origMac: formatMac(flow!.origMac),
        respMac: formatMac(flow!.respMac),
      }).toEqual({
        flowId: null,
        sensor: 'sensor',
        origKey: keyOf('10.60.1.20'),
        respKey: keyOf('10.60.1.40'),
        protocol: 6,
        vlan: 17,
        origIp: '10.60.1.20',
        respIp: '10.60.1.40',
        origPort: 50_001,
        respPort: 443,
        origMac: '00:00:00:00:00:09',
        respMac: null,
        startUs,
        lastUs: startUs + 5 * secondUs,
        origPackets: 7,
        respPackets: 5,
        origIpBytes: 1_234_567_890_123,
        respIpBytes: 999,
        origPayloadBytes: 1_234_567_889_000,
        respPayloadBytes: 0,
        connState: 'RSTO',
        service: 'tls',
        duplicatePackets: 3,
        records: 1,
      })
      expect(visibility).toMatchObject({ fromUs: written.lastUs, toUs: written.lastUs })
    })

    test.each([
      { name: 'its address', device: '10.60.1.40' },
      { name: 'its key', device: keyOf('10.60.1.40') },
    ])('the device that was called is found by $name, and totals are its own', async (given) => {
      await keep([
        flowMessage(1, [line(0), line(1, { origPort: 2 }), line(2, { resp: '10.9.9.9' })]),
      ])
      expect((await lookup(given.device)).totals).toMatchObject({
        flows: 2,
        records: 2,
        packetsOut: 2,
        packetsIn: 4,
        ipBytesOut: 120,
        ipBytesIn: 360,
      })
    })

    test('both views of a record are one record, and so is the only view of a group or of nobody', async () => {
      await keep([
        flowMessage(1, [
          line(0),
          line(1, { resp: '239.1.1.1', isToGroup: true }),
          line(2, { orig: '0.0.0.0', resp: '10.60.1.20', isFromNobody: true }),
        ]),
      ])
      const { flows, totals } = await lookup('10.60.1.20')
      expect(totals).toMatchObject({ flows: 3, records: 3 })
      expect(flows.map(({ origKey, respKey }) => [origKey, respKey])).toEqual([
        [null, keyOf('10.60.1.20')],
        [keyOf('10.60.1.20'), null],
        [keyOf('10.60.1.20'), keyOf('10.60.1.40')],
      ])
    })

    test('a MAC finds what it sent', async () => {
      await keep([flowMessage(1, [line(0, { origMac: 7 }), line(1, { origMac: 8, origPort: 2 })])])
      expect((await lookup('00-00-00-00-00-07')).totals.flows).toBe(1)
      expect((await lookup('00:00:00:00:00:09')).totals.flows).toBe(0)
    })

    test('records of a flow are summed, and another flow on the same ports stays apart', async () => {
      const first = { startUs: startUs, isFirst: 1 }
      await keep([
        flowMessage(1, [line(1, { ...first, kind: 0, connState: 1 })]),
        flowMessage(2, [
          line(50, { ...first, isFirst: 0, kind: 2, connState: 2, service: 'dicom' }),
        ]),
        flowMessage(3, [line(99, { startUs: startUs + 90 * secondUs })]),
      ])
      const { flows } = await lookup('10.60.1.20', { peer: '10.60.1.40' })
      expect(flows.map((flow) => [flow.records, flow.origIpBytes, flow.service])).toEqual([
        [1, 180, null],
        [2, 360, 'dicom'],
      ])
      expect(flows[1]).toMatchObject({ connState: 'SF', lastUs: startUs + 50 * secondUs })
    })

    test('a question keeps to its range, its peer and its limit; totals know no limit', async () => {
      const lines = Array.from({ length: 20 }, (_, i) =>
        line(i, { origPort: 1000 + i, resp: i % 2 === 0 ? '10.60.1.40' : '10.60.1.41' }),
      )
      await keep([flowMessage(1, lines)])
      const range = { fromUs: startUs + 4 * secondUs, toUs: startUs + 10 * secondUs }
      const ports = async (over: object) =>
        (await lookup('10.60.1.20', over)).flows.map((flow) => flow.origPort)
      expect(await ports(range)).toEqual([1009, 1008, 1007, 1006, 1005, 1004])
      expect(await ports({ ...range, peer: '10.60.1.41' })).toEqual([1009, 1007, 1005])
      const limited = await lookup('10.60.1.20', { limit: 2 })
      expect(limited.flows.map((flow) => flow.origPort)).toEqual([1019, 1018])
      expect(limited.totals.flows).toBe(20)
    })

    test.each([
      { name: 'a name', device: 'pump-3' },
      { name: 'a half address', device: '10.60.1' },
      { name: 'SQL', device: "10.60.1.20' OR '1'='1" },
    ])('$name is no device', async ({ device }) => {
      await expect(lookup(device)).rejects.toMatchObject({ code: 'BAD_USAGE' })
    })

    test('a key of a stranger is text, whatever it says', async () => {
      await keep([flowMessage(1, [line(0)])])
      const hostile = "site|lan|ip:' OR true; COPY (SELECT 1) TO '/tmp/x' --"
      expect((await lookup(hostile)).totals.flows).toBe(0)
      expect((await lookup('10.60.1.20', { peer: hostile })).totals.flows).toBe(0)
    })

    test('positions survive a restart, and what comes again is kept once', async () => {
      const values = [flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])]
      await keep(values, { partition: 2, offset: 7 })
      await store.stop()
      store = place.create()
      await store.start()
      expect(await store.position(2)).toBe(9)
      expect(await store.position(0)).toBe(0)
      await keep([...values, flowMessage(3, [line(2, { origPort: 3 })])], {
        partition: 2,
        offset: 7,
      })
      expect((await lookup('10.60.1.20')).totals).toMatchObject({ flows: 3, records: 3 })
      expect(store.health()).toMatchObject({ repeated: 2, records: 1 })
    })

    test('what a restarted sensor sends again under new offsets is kept once', async () => {
      const values = [flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])]
      await keep(values)
      await keep(values, { offset: 2 })
      expect((await lookup('10.60.1.20')).totals.records).toBe(2)
      expect(await store.position(0)).toBe(4)
    })

    test('on a bus that forgets, offsets begin anew and sequences tell what is known', async () => {
      await store.stop()
      store = place.create({ isDurable: false })
      await store.start()
      await keep([flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])])
      await store.stop()
      store = place.create({ isDurable: false })
      await store.start()
      await keep([
        flowMessage(2, [line(1, { origPort: 2 })]),
        flowMessage(3, [line(2, { origPort: 3 })]),
      ])
      expect((await lookup('10.60.1.20')).totals.records).toBe(3)
    })

    test('tells how far each partition is safe', async () => {
      const told: [number, number][] = []
      store.onFlushed((partition, nextOffset) => told.push([partition, nextOffset]))
      await keep([flowMessage(1, [line(0)])], { partition: 4, offset: 11 })
      expect(told).toContainEqual([4, 12])
    })

    test('a message that cannot be read is counted and skipped', async () => {
      await keep([Uint8Array.of(1, 2, 3), flowMessage(1, [line(0)])])
      expect(store.health()).toMatchObject({ malformed: 1, records: 1 })
      expect(await store.position(0)).toBe(2)
    })

    describe('gaps', () => {
      const gaps = async () =>
        (await lookup('10.60.1.20')).visibility.gaps.map(
          ({ reason, fromUs, toUs, messages }: HistoryGap) => [
            reason,
            (fromUs - startUs) / secondUs,
            Math.round((toUs - startUs) / secondUs),
            messages,
          ],
        )

      test('messages that never came are a gap from the last one to the next', async () => {
        await keep([flowMessage(1, [line(0)]), flowMessage(5, [line(60)])])
        expect(await gaps()).toEqual([['messages-missing', 1, 61, 3]])
      })

      test('the time between two lives of a sensor is a gap', async () => {
        await keep([flowMessage(1, [line(0)]), flowMessage(1, [line(100)], { run: 'later' })])
        expect(await gaps()).toEqual([['not-watched', 1, 101, 0]])
      })

      test('messages that were left out are a gap when they are told of', async () => {
        const value = flowMessage(9, [line(30)])
        await store.noteShed([{ partition: 0, messages: [{ offset: 0, value }] }])
        expect(await gaps()).toEqual([['not-kept', 30, 31, 1]])
      })

      test('a gap outside of the range is not told', async () => {
        await keep([flowMessage(1, [line(0)]), flowMessage(5, [line(60)])])
        const { visibility } = await lookup('10.60.1.20', { fromUs: startUs + hourUs })
        expect(visibility.gaps).toEqual([])
      })
    })

    describe('over many segments', () => {
      /** A flow every 7 minutes over `days`, from midnight. */
      async function fill(days: number): Promise<number> {
        const count = (days * dayUs) / (7 * minuteUs)
        const values = Array.from({ length: Math.ceil(count) }, (_, i) =>
          flowMessage(i + 1, [
            line(0, { lastUs: startUs - 10 * hourUs + i * 7 * minuteUs, origPort: 1 + i }),
          ]),
        )
        for (let i = 0; i < values.length; i += 50)
          await keep(values.slice(i, i + 50), { offset: i })
        return values.length
      }

      test('sealing, merging and a restart keep every record', { timeout: 60_000 }, async () => {
        await store.stop()
        store = place.create({ segmentRowsMax: 40 })
        await store.start()
        const kept = await fill(1.2)
        const before = await lookup('10.60.1.20')
        expect(before.totals.records).toBe(kept)
        await store.maintain()
        const merged = store.health().files
        const after = await lookup('10.60.1.20')
        expect(after).toEqual(before)
        await store.stop()
        store = place.create()
        await store.start()
        expect(await lookup('10.60.1.20')).toEqual(before)
        await store.maintain()
        expect(store.health().files).toBeLessThanOrEqual(merged)
        expect(await store.position(0)).toBe(kept)
      })

      test(
        'what is older than retention goes, what is younger stays',
        { timeout: 60_000 },
        async () => {
          await store.stop()
          store = place.create({ retentionDays: 1, segmentRowsMax: 100 })
          await store.start()
          await fill(2.2)
          await store.maintain()
          const { visibility, totals } = await lookup('10.60.1.20')
          const spanUs = visibility.toUs! - visibility.fromUs!
          // A file goes when all of it is older, so a day's file stays until its last record is.
          expect(spanUs).toBeLessThanOrEqual(2.2 * dayUs)
          expect(spanUs).toBeGreaterThanOrEqual(dayUs - 7 * minuteUs)
          expect(totals.records).toBe(Math.floor(spanUs / (7 * minuteUs)) + 1)
        },
      )
    })
  })
}
