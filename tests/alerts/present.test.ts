import { describe, expect, test } from 'vitest'
import { alertSchema } from '../../records/alert.ts'
import { minuteUs } from '../../records/time.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { alertLine, listAlerts, presentAlert } from '../../alerts/present.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { anomalyOf, shiftStartUs, streamOf } from '../support/anomalies.ts'

const config = alertsConfigSchema.parse({})
const vendorOf = (mac: string) => (mac.startsWith('00:1b:21') ? 'Intel Corporate' : null)

async function rowsOf(...anomalies: ReturnType<typeof anomalyOf>[]) {
  const memory = createMemoryRows()
  const { commit } = await foldBatch(streamOf(anomalies), memory.store, config)
  await memory.store.commit({ ...commit, moves: [] })
  return memory.store
}

async function presented(anomaly: ReturnType<typeof anomalyOf>) {
  const [row] = await (await rowsOf(anomaly)).list({ limit: 1, scoreMin: 0 })
  return presentAlert(row!, vendorOf)
}

describe('an alert as it leaves the system', () => {
  test('keeps the schema, in one order of fields', async () => {
    const alert = await presented(anomalyOf())
    expect(alertSchema.parse(alert)).toEqual(alert)
    // Nobody has touched it: what tells of people is left out.
    const handled = ['statusBy', 'statusAt', 'verdict', 'reason']
    const untouched = Object.keys(alertSchema.shape).filter((field) => !handled.includes(field))
    expect(Object.keys(alert!)).toEqual(untouched)
    expect(alert).toMatchObject({
      severity: 'medium',
      firstSeen: '2026-03-02T08:00:00.000Z',
      lastSeen: '2026-03-02T08:00:09.000Z',
      device: { addresses: ['10.60.1.66'], mac: '00:1b:21:0a:00:66', vendor: 'Intel Corporate' },
      peers: [{ address: '10.60.1.20', mac: null, name: null, port: 443, protocol: 'tcp' }],
    })
  })

  test('tells who has closed it, when, and with which verdict', async () => {
    const [row] = await (await rowsOf(anomalyOf())).list({ limit: 1, scoreMin: 0 })
    const handling = {
      by: 'm.weber',
      atMs: 1_772_438_500_250,
      verdict: 'benign-expected' as const,
      reason: 'inventory scan of Monday',
      taught: [],
    }
    const alert = presentAlert({ ...row!, status: 'closed', handling }, vendorOf)
    expect(Object.keys(alert!)).toEqual(Object.keys(alertSchema.shape))
    expect(alertSchema.parse(alert)).toMatchObject({
      status: 'closed',
      statusBy: 'm.weber',
      statusAt: '2026-03-02T08:01:40.250Z',
      verdict: 'benign-expected',
      reason: 'inventory scan of Monday',
    })
  })

  test.each([
    { name: 'address', viewKey: 'north|lan|ip:10.9.9.9', addresses: ['10.9.9.9'], mac: null },
    {
      name: 'MAC',
      viewKey: 'north|lan|mac:02:00:00:00:00:01',
      addresses: [],
      mac: '02:00:00:00:00:01',
    },
  ])(
    'takes the $name from the key where the anomaly has none',
    async ({ viewKey, addresses, mac }) => {
      const device = { address: null, mac: null, name: null }
      const alert = await presented(anomalyOf({ viewKey, device }))
      expect(alert?.device).toEqual({ id: viewKey, name: null, addresses, mac, vendor: null })
    },
  )

  test.each([
    { score: 0.29, severity: undefined },
    { score: 0.3, severity: 'low' },
    { score: 0.6, severity: 'medium' },
    { score: 0.75, severity: 'high' },
    { score: 0.85, severity: 'critical' },
  ])('has severity $severity at score $score', async ({ score, severity }) => {
    expect((await presented(anomalyOf({ score })))?.severity).toBe(severity)
  })
})

describe('the list', () => {
  test('is in the order of first seen, whatever changed last', async () => {
    const early = anomalyOf({ viewKey: 'north|lan|ip:10.0.0.2' })
    const late = anomalyOf({ viewKey: 'north|lan|ip:10.0.0.1', oldestUs: shiftStartUs + minuteUs })
    const oneWay = await listAlerts(await rowsOf(early, late), vendorOf)
    const otherWay = await listAlerts(await rowsOf(late, early), vendorOf)
    expect(oneWay.map((a) => a.device.id)).toEqual([early.viewKey, late.viewKey])
    expect(otherWay.map(alertLine)).toEqual(oneWay.map(alertLine))
  })

  test('holds every row of a large store and leaves out what reaches no severity', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => anomalyOf({ viewKey: `north|lan|ip:${i}` }))
    const weak = anomalyOf({ viewKey: 'north|lan|ip:weak', score: 0.1 })
    expect(await listAlerts(await rowsOf(...many, weak), vendorOf)).toHaveLength(2500)
  })

  test('brings a weak row up, with all it has counted, when a stronger anomaly joins', async () => {
    const weak = anomalyOf({ score: 0.1, count: 2 })
    const strong = anomalyOf({ oldestUs: shiftStartUs + minuteUs, count: 3 })
    const [alert] = await listAlerts(await rowsOf(weak, strong), vendorOf)
    expect(alert?.count).toBe(5)
  })
})
