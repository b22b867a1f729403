import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Anomaly, anomalyId, rowKeyOf } from '../../records/anomaly.ts'
import type {
  FoldCommit,
  HostProgressRow,
  PartitionCommit,
  StateStore,
} from '../../store/state-store.ts'

/**
 * Every promise of store/state-store.ts.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function stateStoreContract(
  name: string,
  open: () => Promise<{ create: () => StateStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps the promises of a state store`, () => {
    let database: Awaited<ReturnType<typeof open>>
    let store: StateStore

    beforeEach(async () => {
      database = await open()
      store = database.create()
      await store.start()
    })
    afterEach(async () => {
      await store.stop()
      await database.remove()
    })

    describe('partitions', () => {
      test('a partition that nobody held starts at offset 0 without state', async () => {
        expect(await store.partitions.acquire(3)).toEqual({
          partition: 3,
          epoch: 1,
          nextOffset: 0,
          state: null,
        })
        expect(await store.partitions.load(3)).toEqual([])
      })

      test('each acquire raises the epoch of its partition only', async () => {
        await store.partitions.acquire(1)
        expect((await store.partitions.acquire(1)).epoch).toBe(2)
        expect((await store.partitions.acquire(2)).epoch).toBe(1)
      })

      test('a commit is what the next owner finds', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(
          checkpoint(epoch, {
            nextOffset: 17,
            sections: [section('b', 'windows', 2), section('a', 'relations', 1)],
          }),
        )
        expect(await store.partitions.acquire(0)).toEqual({
          partition: 0,
          epoch: epoch + 1,
          nextOffset: 17,
          state: Uint8Array.of(7),
        })
        expect(await store.partitions.load(0)).toEqual([
          section('a', 'relations', 1),
          section('b', 'windows', 2),
        ])
        expect(await store.partitions.load(1)).toEqual([])
      })

      test('a dirty section replaces its old value and leaves the others', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(
          checkpoint(epoch, {
            sections: [section('a', 'relations', 1), section('a', 'windows', 1)],
          }),
        )
        await store.partitions.commit(checkpoint(epoch, { sections: [section('a', 'windows', 9)] }))
        expect(await store.partitions.load(0)).toEqual([
          section('a', 'relations', 1),
          section('a', 'windows', 9),
        ])
      })

      test('an evicted host leaves nothing behind', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(
          checkpoint(epoch, {
            sections: [section('a', 'relations', 1), section('b', 'relations', 1)],
            progress: [progressOf('a'), progressOf('b')],
          }),
        )
        await store.partitions.commit(checkpoint(epoch, { removedHosts: ['a'] }))
        expect(await store.partitions.load(0)).toEqual([section('b', 'relations', 1)])
        expect(await store.partitions.progress('a')).toBeNull()
        expect(await store.partitions.progress('b')).toEqual(progressOf('b'))
      })

      test('more sections than one statement takes are all there', async () => {
        const { epoch } = await store.partitions.acquire(0)
        const sections = Array.from({ length: 2_001 }, (_, i) =>
          section(`host-${String(i).padStart(5, '0')}`, 'relations', i % 256),
        )
        await store.partitions.commit(checkpoint(epoch, { sections }))
        expect(await store.partitions.load(0)).toEqual(sections)
      })

      test('a commit under an older epoch is refused whole', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(
          checkpoint(epoch, { nextOffset: 5, sections: [section('a', 'relations', 1)] }),
        )
        const next = await store.partitions.acquire(0)
        await expect(
          store.partitions.commit(
            checkpoint(epoch, {
              nextOffset: 6,
              sections: [section('a', 'relations', 2)],
              removedHosts: ['a'],
              progress: [progressOf('a')],
            }),
          ),
        ).rejects.toMatchObject({ code: 'PARTITION_LOST', retryable: false })
        expect(await store.partitions.load(0)).toEqual([section('a', 'relations', 1)])
        expect(await store.partitions.progress('a')).toBeNull()
        expect(await store.partitions.acquire(0)).toMatchObject({
          epoch: next.epoch + 1,
          nextOffset: 5,
        })
      })

      test('a commit without an acquire is refused', async () => {
        await expect(store.partitions.commit(checkpoint(1, {}))).rejects.toMatchObject({
          code: 'PARTITION_LOST',
        })
      })

      test('a host’s progress is what was committed last', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(checkpoint(epoch, { progress: [progressOf('a')] }))
        const later: HostProgressRow = {
          ...progressOf('a'),
          state: 'established',
          isApproved: true,
          lastSeenUs: 1_790_000_000_123_456,
          address: null,
          vendor: 'Acme',
        }
        await store.partitions.commit(checkpoint(epoch, { progress: [later] }))
        expect(await store.partitions.progress('a')).toEqual(later)
        expect(await store.partitions.progress('nobody')).toBeNull()
      })

      test('calls made at the same time do not become part of each other’s transaction', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.acquire(0)
        const { epoch: other } = await store.partitions.acquire(1)
        const [lost, kept] = await Promise.allSettled([
          store.partitions.commit(checkpoint(epoch, { sections: [section('a', 'relations', 1)] })),
          store.partitions.commit({
            ...checkpoint(other, { sections: [section('b', 'relations', 1)] }),
            row: { partition: 1, epoch: other, nextOffset: 1, state: Uint8Array.of(1) },
          }),
          store.alerts.commit(fold({ rows: [row('x')] })),
        ])
        expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'PARTITION_LOST' } })
        expect(kept).toMatchObject({ status: 'fulfilled' })
        expect(await store.partitions.load(1)).toHaveLength(1)
        expect(await store.alerts.get('x')).not.toBeNull()
      })
    })

    describe('alerts', () => {
      test('an empty store knows no alert, no position and revision 0', async () => {
        expect(await store.alerts.lastRevision()).toBe(0)
        expect(await store.alerts.positions()).toEqual([])
        expect(await store.alerts.list({ limit: 10, scoreMin: 0 })).toEqual([])
        expect(await store.alerts.get('x')).toBeNull()
        expect(await store.alerts.newestOf('k')).toBeNull()
        expect(await store.alerts.anomaliesOf('x')).toEqual([])
      })

      test('each changed row gets the next revision, and readers see them in that order', async () => {
        expect(await store.alerts.commit(fold({ rows: [row('x'), row('y')] }))).toBe(2)
        expect(await store.alerts.commit(fold({ rows: [row('x', { count: 5 })] }))).toBe(3)
        expect(
          (await store.alerts.changedSince(0, 10)).map((r) => [r.id, r.revision, r.count]),
        ).toEqual([
          ['y', 2, 1],
          ['x', 3, 5],
        ])
        expect((await store.alerts.changedSince(2, 10)).map((r) => r.id)).toEqual(['x'])
        expect((await store.alerts.changedSince(0, 1)).map((r) => r.id)).toEqual(['y'])
        expect(await store.alerts.lastRevision()).toBe(3)
      })

      test('a commit without rows moves positions and no revision', async () => {
        await store.alerts.commit(fold({ rows: [row('x')] }))
        expect(
          await store.alerts.commit(
            fold({ moves: [{ from: null, to: { partition: 2, offset: 9, index: 1 } }] }),
          ),
        ).toBe(1)
        expect(await store.alerts.positions()).toEqual([{ partition: 2, offset: 9, index: 1 }])
      })

      test('a row is read as it was written', async () => {
        const written = row('x', {
          previousId: 'w',
          status: 'in progress',
          lastSeenUs: 1_790_000_000_123_456,
        })
        await store.alerts.commit(fold({ rows: [written] }))
        expect(await store.alerts.get('x')).toEqual({ ...written, revision: 1 })
      })

      test('the newest episode of a row key is the one that began last', async () => {
        await store.alerts.commit(
          fold({
            rows: [
              row('old', { firstSeenUs: 1_000 }),
              row('new', { firstSeenUs: 2_000 }),
              row('else', { rowKey: 'other', firstSeenUs: 3_000 }),
            ],
          }),
        )
        expect((await store.alerts.newestOf('key'))?.id).toBe('new')
      })

      test('the list begins with what was seen last and keeps to its limit', async () => {
        await store.alerts.commit(
          fold({
            rows: [
              row('a', { lastSeenUs: 1 }),
              row('b', { lastSeenUs: 3 }),
              row('c', { lastSeenUs: 2 }),
            ],
          }),
        )
        expect((await store.alerts.list({ limit: 2, scoreMin: 0 })).map((r) => r.id)).toEqual([
          'b',
          'c',
        ])
      })

      test('the list leaves out what is below its score, and its limit counts what is left', async () => {
        const scored = (id: string, score: number, lastSeenUs: number) =>
          row(id, { lastSeenUs, leading: { ...anomaly(10), score } })
        await store.alerts.commit(
          fold({
            rows: [scored('shown', 0.3, 1), scored('weak', 0.29, 9), scored('strong', 0.9, 5)],
          }),
        )
        const list = async (limit: number) =>
          (await store.alerts.list({ limit, scoreMin: 0.3 })).map((r) => r.id)
        expect(await list(10)).toEqual(['strong', 'shown'])
        expect(await list(1)).toEqual(['strong'])
        expect(await store.alerts.changedSince(0, 10)).toHaveLength(3)
        await store.alerts.commit(fold({ rows: [scored('weak', 0.6, 9)] }))
        expect(await list(10)).toEqual(['weak', 'strong', 'shown'])
      })

      test.each([
        { name: 'from nothing', from: null },
        { name: 'from an earlier offset', from: { partition: 1, offset: 3, index: 7 } },
        {
          name: 'from an earlier place in the message',
          from: { partition: 1, offset: 4, index: 0 },
        },
      ])('a fold $name is refused whole when the partition has moved on', async ({ from }) => {
        const at = { partition: 1, offset: 4, index: 1 }
        await store.alerts.commit(fold({ rows: [row('x')], moves: [{ from: null, to: at }] }))
        const stale = fold({
          rows: [row('x', { count: 99 }), row('y')],
          anomalies: [{ alertId: 'x', anomaly: anomaly(1) }],
          moves: [
            { from: null, to: { partition: 0, offset: 1, index: 0 } },
            { from, to: { partition: 1, offset: 5, index: 0 } },
          ],
          ended: [{ sensor: 's', run: 'r', partition: 1 }],
        })
        await expect(store.alerts.commit(stale)).rejects.toMatchObject({
          code: 'PARTITION_LOST',
          retryable: false,
        })
        expect(await store.alerts.positions()).toEqual([at])
        expect((await store.alerts.get('x'))?.count).toBe(1)
        expect(await store.alerts.get('y')).toBeNull()
        expect(await store.alerts.anomaliesOf('x')).toEqual([])
        expect(await store.alerts.endedPartitions('s', 'r')).toBe(0)
        expect(await store.alerts.lastRevision()).toBe(1)
      })

      test('a fold from where nothing was folded is refused', async () => {
        const from = { partition: 1, offset: 4, index: 0 }
        await expect(
          store.alerts.commit(fold({ moves: [{ from, to: { ...from, offset: 5 } }] })),
        ).rejects.toMatchObject({ code: 'PARTITION_LOST' })
      })

      test('a revision of an anomaly replaces the earlier one; oldest come first', async () => {
        const late = anomaly(20)
        const early = anomaly(10)
        await store.alerts.commit(
          fold({ anomalies: [late, early].map((a) => ({ alertId: 'x', anomaly: a })) }),
        )
        await store.alerts.commit(
          fold({ anomalies: [{ alertId: 'x', anomaly: { ...late, count: 30 } }] }),
        )
        expect(await store.alerts.anomaliesOf('x')).toEqual([early, { ...late, count: 30 }])
        expect(await store.alerts.anomaliesOf('y')).toEqual([])
      })

      test('the last position of each partition is kept', async () => {
        await store.alerts.commit(
          fold({
            moves: [
              { from: null, to: { partition: 1, offset: 4, index: 0 } },
              { from: null, to: { partition: 0, offset: 2, index: 3 } },
            ],
          }),
        )
        const [from, to] = [0, 1].map((index) => ({ partition: 1, offset: 4, index }))
        await store.alerts.commit(fold({ moves: [{ from: from!, to: to! }] }))
        expect(await store.alerts.positions()).toEqual([
          { partition: 0, offset: 2, index: 3 },
          { partition: 1, offset: 4, index: 1 },
        ])
      })

      test('a partition that reports its end twice is counted once, for its run only', async () => {
        const ended = [
          { sensor: 's', run: 'r', partition: 0 },
          { sensor: 's', run: 'r', partition: 1 },
        ]
        await store.alerts.commit(fold({ ended }))
        await store.alerts.commit(
          fold({ ended: [...ended, { sensor: 's', run: 'other', partition: 0 }] }),
        )
        expect(await store.alerts.endedPartitions('s', 'r')).toBe(2)
        expect(await store.alerts.endedPartitions('s', 'other')).toBe(1)
        expect(await store.alerts.endedPartitions('t', 'r')).toBe(0)
      })
    })

    describe('across restarts and processes', () => {
      test('what was committed is there after a restart', async () => {
        const { epoch } = await store.partitions.acquire(0)
        await store.partitions.commit(
          checkpoint(epoch, { nextOffset: 8, sections: [section('a', 'relations', 1)] }),
        )
        await store.alerts.commit(
          fold({
            rows: [row('x')],
            anomalies: [{ alertId: 'x', anomaly: anomaly(1) }],
            moves: [{ from: null, to: { partition: 0, offset: 1, index: 0 } }],
          }),
        )
        await store.stop()
        store = database.create()
        await store.start()
        expect(await store.partitions.acquire(0)).toMatchObject({ epoch: epoch + 1, nextOffset: 8 })
        expect(await store.partitions.load(0)).toHaveLength(1)
        expect(await store.alerts.lastRevision()).toBe(1)
        expect(await store.alerts.anomaliesOf('x')).toHaveLength(1)
        expect(await store.alerts.positions()).toHaveLength(1)
      })

      test('two stores on one database fence each other by the epoch and share the revisions', async () => {
        const second = database.create()
        await second.start()
        const mine = await store.partitions.acquire(0)
        const theirs = await second.partitions.acquire(0)
        expect(theirs.epoch).toBe(mine.epoch + 1)
        await expect(store.partitions.commit(checkpoint(mine.epoch, {}))).rejects.toMatchObject({
          code: 'PARTITION_LOST',
        })
        await second.partitions.commit(checkpoint(theirs.epoch, {}))
        const revisions = await Promise.all(
          ['a', 'b', 'c', 'd'].map((id, i) =>
            (i % 2 === 0 ? store : second).alerts.commit(fold({ rows: [row(id)] })),
          ),
        )
        expect([...revisions].sort()).toEqual([1, 2, 3, 4])
        await second.stop()
      })

      test('of two stores that fold from the same position one is refused', async () => {
        const second = database.create()
        await second.start()
        const at = (offset: number) => ({ partition: 0, offset, index: 0 })
        await store.alerts.commit(fold({ rows: [row('x')], moves: [{ from: null, to: at(1) }] }))
        const folds = [store, second].map((each, i) =>
          each.alerts.commit(
            fold({ rows: [row('x', { count: 10 + i })], moves: [{ from: at(1), to: at(2 + i) }] }),
          ),
        )
        const outcomes = await Promise.allSettled(folds)
        const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled')
        expect(outcomes[1 - winner]).toMatchObject({ reason: { code: 'PARTITION_LOST' } })
        expect((await store.alerts.get('x'))?.count).toBe(10 + winner)
        expect(await second.alerts.positions()).toEqual([at(2 + winner)])
        await second.stop()
      })

      test('a stopped store refuses calls, may be stopped twice and started again', async () => {
        await store.stop()
        await store.stop()
        await expect(store.partitions.load(0)).rejects.toMatchObject({ code: 'STATE_STORE_FAILED' })
        await expect(store.alerts.commit(fold({ rows: [row('x')] }))).rejects.toMatchObject({
          code: 'ALERT_STORE_FAILED',
        })
        await store.start()
        expect((await store.partitions.acquire(0)).epoch).toBe(1)
      })
    })
  })
}

function checkpoint(
  epoch: number,
  over: Partial<Omit<PartitionCommit, 'row'>> & { nextOffset?: number },
): PartitionCommit {
  const { nextOffset = 1, ...rest } = over
  return {
    row: { partition: 0, epoch, nextOffset, state: Uint8Array.of(7) },
    sections: [],
    removedHosts: [],
    progress: [],
    ...rest,
  }
}

function section(host: string, name: string, byte: number) {
  return { host, section: name, value: Uint8Array.of(byte) }
}

export function progressOf(host: string): HostProgressRow {
  return {
    host,
    site: 'site',
    state: 'observing',
    isApproved: false,
    firstSeenUs: 1_780_000_000_000_000,
    lastSeenUs: 1_780_000_000_000_001,
    daysSeen: 1,
    activeHours: 2,
    relations: 3,
    address: '10.60.1.20',
    mac: '00:1b:21:0a:00:20',
    vendor: null,
    name: 'pump-14',
    deviceClass: 'medical',
    zone: 'icu',
  }
}

function fold(over: Partial<FoldCommit>): FoldCommit {
  return { anomalies: [], rows: [], moves: [], ended: [], ...over }
}

export function anomaly(oldestUs: number): Anomaly {
  const owner = {
    site: 'site',
    behaviour: 'port-scan',
    viewKey: 'site|lan|ip:10.60.1.9',
    objectGroup: '10.60.1.0/24',
  } as const
  return {
    ...owner,
    id: anomalyId(rowKeyOf(owner), 'port-scan', oldestUs),
    detector: 'port-scan',
    score: 0.7,
    oldestUs,
    timeUs: oldestUs + 5,
    count: 8,
    summary: 'asked 8 ports',
    why: { ports: 8, 'window seconds': 60 },
    device: { address: '10.60.1.9', mac: null, name: null },
    peers: [
      { key: null, address: '10.60.1.20', mac: null, name: null, port: 104, protocol: 'tcp' },
    ],
    attack: ['T1046'],
    position: { partition: 0, offset: 3, index: 0 },
  }
}

function row(
  id: string,
  over: Partial<FoldCommit['rows'][number]> = {},
): FoldCommit['rows'][number] {
  const leading = anomaly(10)
  return {
    id,
    rowKey: 'key',
    status: 'new',
    firstSeenUs: 10,
    lastSeenUs: 15,
    count: 1,
    leading,
    peers: leading.peers,
    previousId: null,
    ...over,
  }
}
