import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
    /** Each test has a partition and a network of its own: a store is slow to start, so most of them share one. */
    let scene = 0
    const self = () => `10.60.${scene}.20`
    const other = () => `10.60.${scene}.40`

    beforeAll(async () => {
      place = await open()
      store = place.create()
      await store.start()
    }, 60_000)
    afterAll(async () => {
      await store.stop()
      await place.remove()
    }, 60_000)
    beforeEach(() => {
      scene++
    })
    async function restart(options: Parameters<typeof place.create>[0] = {}): Promise<void> {
      await store.stop()
      store = place.create(options)
      await store.start()
    }

    /** Appends messages of the test's partition from `offset` on and flushes. */
    async function keep(values: readonly Uint8Array[], offset = 0): Promise<void> {
      const messages = values.map((value, index) => ({ offset: offset + index, value }))
      await store.append({ partition: scene, messages })
      await store.flush()
    }
    const lookup = (device = self(), over = {}) => store.lookup({ device, limit: 1000, ...over })
    const line = (second: number, over: Partial<FlowLine> = {}): FlowLine => ({
      orig: self(),
      resp: other(),
      lastUs: startUs + second * secondUs,
      ...over,
    })

    test('an empty history has no position and finds nothing', async () => {
      expect(await store.position(scene)).toBe(0)
      expect(await lookup()).toEqual({
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
      const { flows, visibility } = await lookup()
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
        origKey: keyOf(self()),
        respKey: keyOf(other()),
        protocol: 6,
        vlan: 17,
        origIp: self(),
        respIp: other(),
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
      expect(visibility.fromUs).toBeLessThanOrEqual(written.lastUs)
      expect(visibility.toUs).toBeGreaterThanOrEqual(written.lastUs)
    })

    test.each([
      { name: 'its address', device: () => other() },
      { name: 'its key', device: () => keyOf(other()) },
    ])('the device that was called is found by $name, and totals are its own', async (given) => {
      await keep([
        flowMessage(1, [line(0), line(1, { origPort: 2 }), line(2, { resp: '10.9.9.9' })]),
      ])
      expect((await lookup(given.device())).totals).toMatchObject({
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
          line(2, { orig: '0.0.0.0', resp: self(), isFromNobody: true }),
        ]),
      ])
      const { flows, totals } = await lookup()
      expect(totals).toMatchObject({ flows: 3, records: 3 })
      expect(flows.map(({ origKey, respKey }) => [origKey, respKey])).toEqual([
        [null, keyOf(self())],
        [keyOf(self()), null],
        [keyOf(self()), keyOf(other())],
      ])
    })

    test('a MAC finds what it sent', async () => {
      await keep([
        flowMessage(1, [line(0, { origMac: 201 }), line(1, { origMac: 202, origPort: 2 })]),
      ])
      expect((await lookup('00-00-00-00-00-C9')).totals.flows).toBe(1)
      expect((await lookup('00:00:00:00:00:cb')).totals.flows).toBe(0)
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
      const { flows } = await lookup(self(), { peer: other() })
      expect(flows.map((flow) => [flow.records, flow.origIpBytes, flow.service])).toEqual([
        [1, 180, null],
        [2, 360, 'dicom'],
      ])
      expect(flows[1]).toMatchObject({ connState: 'SF', lastUs: startUs + 50 * secondUs })
    })

    test('a question keeps to its range, its peer and its limit; totals know no limit', async () => {
      const lines = Array.from({ length: 20 }, (_, i) =>
        line(i, { origPort: 1000 + i, resp: i % 2 === 0 ? other() : `10.60.${scene}.41` }),
      )
      await keep([flowMessage(1, lines)])
      const range = { fromUs: startUs + 4 * secondUs, toUs: startUs + 10 * secondUs }
      const ports = async (over: object) =>
        (await lookup(self(), over)).flows.map((flow) => flow.origPort)
      expect(await ports(range)).toEqual([1009, 1008, 1007, 1006, 1005, 1004])
      expect(await ports({ ...range, peer: `10.60.${scene}.41` })).toEqual([1009, 1007, 1005])
      const limited = await lookup(self(), { limit: 2 })
      expect(limited.flows.map((flow) => flow.origPort)).toEqual([1019, 1018])
      expect(limited.totals.flows).toBe(20)
    })

    test('a name, half an address and SQL are no devices', async () => {
      for (const device of ['pump-3', '10.60.1', `${self()}' OR '1'='1`])
        await expect(lookup(device)).rejects.toMatchObject({ code: 'BAD_USAGE' })
    })

    test('a key of a stranger is text, whatever it says', async () => {
      await keep([flowMessage(1, [line(0)])])
      const hostile = "site|lan|ip:' OR true; COPY (SELECT 1) TO '/tmp/x' --"
      expect((await lookup(hostile)).totals.flows).toBe(0)
      expect((await lookup(self(), { peer: hostile })).totals.flows).toBe(0)
    })

    test('positions survive a restart, and what comes again is kept once', async () => {
      const values = [flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])]
      await keep(values, 7)
      await restart()
      expect(await store.position(scene)).toBe(9)
      await keep([...values, flowMessage(3, [line(2, { origPort: 3 })])], 7)
      expect((await lookup()).totals).toMatchObject({ flows: 3, records: 3 })
      expect(store.health()).toMatchObject({ repeated: 2, records: 1 })
    })

    test('what a restarted sensor sends again under new offsets is kept once', async () => {
      const values = [flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])]
      await keep(values)
      await keep(values, 2)
      expect((await lookup()).totals.records).toBe(2)
      expect(await store.position(scene)).toBe(4)
    })

    test('on a bus that forgets, offsets begin anew and sequences tell what is known', async () => {
      await keep([flowMessage(1, [line(0)]), flowMessage(2, [line(1, { origPort: 2 })])], 5)
      await restart({ isDurable: false })
      expect(await store.position(scene)).toBe(0)
      await keep([
        flowMessage(2, [line(1, { origPort: 2 })]),
        flowMessage(3, [line(2, { origPort: 3 })]),
      ])
      expect((await lookup()).totals.records).toBe(3)
    })

    test('tells how far each partition is safe', async () => {
      const told: [number, number][] = []
      store.onFlushed((partition, nextOffset) => told.push([partition, nextOffset]))
      await keep([flowMessage(1, [line(0)])], 11)
      expect(told).toContainEqual([scene, 12])
    })

    test('a message that cannot be read is counted and skipped', async () => {
      const before = store.health()
      await keep([Uint8Array.of(1, 2, 3), flowMessage(1, [line(0)])])
      const after = store.health()
      expect([after.malformed - before.malformed, after.records - before.records]).toEqual([1, 1])
      expect(await store.position(scene)).toBe(2)
    })

    describe('gaps', () => {
      const gaps = async () =>
        (await lookup()).visibility.gaps
          .filter(({ partition }) => partition === scene)
          .map(({ reason, fromUs, toUs, messages }: HistoryGap) => [
            reason,
            (fromUs - startUs) / secondUs,
            Math.round((toUs - startUs) / secondUs),
            messages,
          ])

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
        await store.noteShed([{ partition: scene, messages: [{ offset: 0, value }] }])
        expect(await gaps()).toEqual([['not-kept', 30, 31, 1]])
      })

      test('a gap outside of the range is not told', async () => {
        await keep([flowMessage(1, [line(0)]), flowMessage(5, [line(60)])])
        const { visibility } = await lookup(self(), { fromUs: startUs + 300 * hourUs })
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
        for (let i = 0; i < values.length; i += 50) await keep(values.slice(i, i + 50), i)
        return values.length
      }

      test('sealing, merging and a restart keep every record', { timeout: 60_000 }, async () => {
        await restart({ segmentRowsMax: 40 })
        const kept = await fill(1.2)
        const before = await lookup()
        expect(before.totals.records).toBe(kept)
        await store.maintain()
        const merged = store.health().files
        expect(await lookup()).toEqual(before)
        await restart({ segmentRowsMax: 40 })
        expect(await lookup()).toEqual(before)
        await store.maintain()
        expect(store.health().files).toBeLessThanOrEqual(merged)
        expect(await store.position(scene)).toBe(kept)
      })

      test(
        'what is older than retention goes, what is younger stays',
        { timeout: 60_000 },
        async () => {
          await restart({ retentionDays: 1, segmentRowsMax: 100 })
          const kept = await fill(3.2)
          await store.maintain()
          const { totals } = await lookup()
          const spanUs = totals.lastUs! - totals.firstUs!
          // A file goes when all of it is older, so a day's file stays until its last record is.
          expect(spanUs).toBeLessThanOrEqual(2.5 * dayUs)
          expect(spanUs).toBeGreaterThanOrEqual(dayUs - 7 * minuteUs)
          expect(totals.records).toBeLessThan(kept)
          expect(totals.records).toBe(Math.floor(spanUs / (7 * minuteUs)) + 1)
        },
      )
    })
  })
}
