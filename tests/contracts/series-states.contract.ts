import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StateStore } from '../../store/state-store.ts'

/**
 * Every promise of store/series-state-store.ts.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function seriesStatesContract(
  name: string,
  open: () => Promise<{ create: () => StateStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps where series go on`, () => {
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
    const bytes = (...values: number[]) => Uint8Array.from(values)
    const commit = (epoch: number, fields: object = {}) =>
      store.series.commit({
        reader: 'observations',
        partition: 0,
        epoch,
        state: bytes(1),
        knownPeers: [],
        forgotten: [],
        ...fields,
      })

    test('a commit is what the next owner finds, for each topic and partition apart', async () => {
      expect(await store.series.acquire('observations', 0)).toEqual({ epoch: 1, state: null })
      await commit(1, { knownPeers: [{ device: 'b', peers: bytes(2, 3) }] })
      await commit(1, {
        state: bytes(9),
        knownPeers: [
          { device: 'a', peers: bytes(7) },
          { device: 'b', peers: bytes(4) },
        ],
      })
      expect(await store.series.acquire('observations', 0)).toEqual({ epoch: 2, state: bytes(9) })
      expect(await store.series.knownPeers(0)).toEqual([
        { device: 'a', peers: bytes(7) },
        { device: 'b', peers: bytes(4) },
      ])
      expect(await store.series.acquire('anomalies', 0)).toEqual({ epoch: 1, state: null })
      expect(await store.series.knownPeers(1)).toEqual([])
    })

    test('forgotten devices are gone', async () => {
      await store.series.acquire('observations', 0)
      await commit(1, { knownPeers: [{ device: 'a', peers: bytes(1) }] })
      await commit(1, { forgotten: ['a', 'never-there'] })
      expect(await store.series.knownPeers(0)).toEqual([])
    })

    test('a writer that has lost the partition writes nothing', async () => {
      await store.series.acquire('observations', 0)
      const { epoch } = await store.series.acquire('observations', 0)
      const late = commit(1, { state: bytes(66), knownPeers: [{ device: 'x', peers: bytes(6) }] })
      await expect(late).rejects.toMatchObject({ code: 'PARTITION_LOST' })
      await commit(epoch, { state: bytes(5) })
      expect((await store.series.acquire('observations', 0)).state).toEqual(bytes(5))
      expect(await store.series.knownPeers(0)).toEqual([])
    })
  })
}
