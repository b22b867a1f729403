import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anomaly as anomalyAt, progressOf } from './state-store.contract.ts'
import type {
  DeviceQuery,
  FoldCommit,
  HostProgressRow,
  SensorRow,
  StateStore,
} from '../../store/state-store.ts'

/**
 * Every promise of `DeviceStore` in store/state-store.ts.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function deviceStoreContract(
  name: string,
  open: () => Promise<{ create: () => StateStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps the promises of a device store`, () => {
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

    const all: DeviceQuery = { text: '', sort: 'name', isDescending: false, limit: 50, offset: 0 }

    async function learn(...devices: HostProgressRow[]): Promise<void> {
      const { epoch } = await store.partitions.acquire(0)
      await store.partitions.commit({
        row: { partition: 0, epoch, nextOffset: 0, state: Uint8Array.of(1) },
        sections: [{ host: devices[0]!.host, section: 'baseline', value: Uint8Array.of(7) }],
        removedHosts: [],
        progress: devices,
      })
    }

    const pump = { ...progressOf('n|lan|ip:10.1.0.14'), name: 'Pump-14', address: '10.1.0.14' }
    const scanner = { ...progressOf('n|lan|ip:10.1.0.3'), name: 'CT-3', address: '10.1.0.3' }
    const nameless = {
      ...progressOf('n|lan|ip:10.1.0.200'),
      name: null,
      address: '10.1.0.200',
      mac: null,
      vendor: '100%_sure',
    }

    test('lists devices by name, page by page, with the number of all', async () => {
      await learn(pump, scanner, nameless)
      const first = await store.devices.list({ ...all, limit: 2 })
      expect(first.total).toBe(3)
      expect(first.rows.map((row) => row.host)).toEqual([nameless.host, scanner.host])
      const rest = await store.devices.list({ ...all, limit: 2, offset: 2 })
      expect(rest.rows).toEqual([{ ...pump, openAlerts: 0 }])
    })

    test.each([
      { text: 'pump', hosts: [pump.host] },
      { text: '10.1.0.3', hosts: [scanner.host] },
      { text: '00:1B:21', hosts: [scanner.host, pump.host] },
      { text: '100%_', hosts: [nameless.host] },
      { text: '%', hosts: [nameless.host] },
      { text: 'nobody', hosts: [] },
    ])('finds "$text"', async ({ text, hosts }) => {
      await learn(pump, scanner, nameless)
      const { total, rows } = await store.devices.list({ ...all, text })
      expect(rows.map((row) => row.host)).toEqual(hosts)
      expect(total).toBe(hosts.length)
    })

    test('tells the alerts of a device and counts those that are open', async () => {
      await learn(pump)
      await store.alerts.commit(
        fold([
          alert('a1', pump.host, { lastSeenUs: 30 }),
          alert('a2', pump.host, { lastSeenUs: 40, status: 'closed' }),
          alert('a3', pump.host, { lastSeenUs: 50 }, 0.1),
          alert('a4', scanner.host, { lastSeenUs: 60 }),
        ]),
      )
      expect((await store.devices.get(pump.host))?.openAlerts).toBe(1)
      const alerts = await store.devices.alertsOf(pump.host, { limit: 10, scoreMin: 0.3 })
      expect(alerts.map((row) => row.id)).toEqual(['a2', 'a1'])
      expect(await store.devices.get('n|lan|ip:10.9.9.9')).toBeNull()
    })

    test('tells the alerts that name a device as the other party', async () => {
      const peer = {
        key: scanner.host,
        address: null,
        mac: null,
        name: null,
        port: 1,
        protocol: null,
      }
      await store.alerts.commit(
        fold([
          alert('b1', pump.host, { peers: [peer] }),
          alert('b2', pump.host, { peers: [{ ...peer, key: `${scanner.host}0` }] }),
        ]),
      )
      const alerts = await store.devices.alertsNaming(scanner.host, { limit: 10, scoreMin: 0.3 })
      expect(alerts.map((row) => row.id)).toEqual(['b1'])
    })

    test('tells what devices are called', async () => {
      await learn(pump, scanner, nameless)
      const hosts = [scanner.host, nameless.host, 'n|lan|ip:10.9.9.9']
      expect([...(await store.devices.namesOf(hosts))]).toEqual([[scanner.host, 'CT-3']])
      expect(await store.devices.namesOf([])).toEqual(new Map())
    })

    test('gives the sections that are asked for, of that host only', async () => {
      await learn(pump, scanner)
      const sections = await store.devices.sectionsOf(pump.host, ['baseline', 'hour'])
      expect(sections).toEqual([{ host: pump.host, section: 'baseline', value: Uint8Array.of(7) }])
      expect(await store.devices.sectionsOf(scanner.host, ['baseline', 'hour'])).toEqual([])
    })

    test('keeps what each sensor said last', async () => {
      await store.devices.noteSensors([])
      await store.devices.noteSensors([sensor('tap-2', 5), sensor('tap-1', 7)])
      await store.devices.noteSensors([sensor('tap-2', 9)])
      expect(await store.devices.sensors()).toEqual([sensor('tap-1', 7), sensor('tap-2', 9)])
    })
  })
}

function fold(rows: FoldCommit['rows']): FoldCommit {
  return { anomalies: [], rows, moves: [], ended: [] }
}

function alert(
  id: string,
  host: string,
  over: Partial<FoldCommit['rows'][number]>,
  score = 0.7,
): FoldCommit['rows'][number] {
  const leading = { ...anomalyAt(10), viewKey: host, score }
  return {
    id,
    rowKey: JSON.stringify(['n', 'port-scan', host, id]),
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

function sensor(name: string, packets: number): SensorRow {
  const health = {
    startedUs: 1,
    packets,
    bytes: 2,
    flows: 3,
    dropped: 4,
    rejects: { truncated: 5 },
    duplicates: 6,
    clamped: 7,
    oneWayFlows: 8,
    judgedFlows: 9,
  }
  return { site: 'n', sensor: name, run: 'r', heardMs: 1_780_000_000_000, clockUs: 3, health }
}
