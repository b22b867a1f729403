import fc from 'fast-check'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secondUs } from '../../../records/time.ts'
import { type FlowLine, flowMessage, keyOf } from '../../support/flow-messages.ts'
import { openFlowPlace, type WholeStore } from '../../support/flow-place.ts'

const startUs = Date.UTC(2026, 10, 21, 10) * 1000
const address = fc.integer({ min: 1, max: 6 }).map((host) => `10.60.1.${host}`)
const size = fc.integer({ min: 0, max: 2 ** 40 })
const line: fc.Arbitrary<FlowLine> = fc
  .record({
    orig: fc.oneof(address, fc.constant('2001:db8::7')),
    resp: address,
    lastUs: fc.integer({ min: startUs, max: startUs + 3600 * secondUs }),
    durationUs: fc.integer({ min: 0, max: 10 * secondUs }),
    origPort: fc.integer({ min: 0, max: 65_535 }),
    respPort: fc.integer({ min: 0, max: 65_535 }),
    origPackets: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    respPackets: fc.integer({ min: 0, max: 40 }),
    payload: fc.oneof(size, fc.constant(NaN)),
    headers: fc.integer({ min: 0, max: 100_000 }),
    respIpBytes: size,
    kind: fc.integer({ min: 0, max: 2 }),
    isFirst: fc.integer({ min: 0, max: 1 }),
    connState: fc.integer({ min: 0, max: 12 }),
    endReason: fc.integer({ min: 0, max: 5 }),
    protocol: fc.integer({ min: 0, max: 255 }),
    vlan: fc.integer({ min: 0, max: 4095 }),
    service: fc.option(fc.constantFrom('tls', 'dicom', 'höher "; --')),
    origMac: fc.integer({ min: 0, max: 255 }),
    duplicatePackets: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ durationUs, payload, headers, ...rest }) => ({
    ...rest,
    startUs: rest.lastUs - durationUs,
    origPayloadBytes: payload,
    origIpBytes: Number.isNaN(payload) ? headers : payload + headers,
    respPayloadBytes: rest.respIpBytes,
  }))

describe('what is sealed', { timeout: 120_000 }, () => {
  let place: Awaited<ReturnType<typeof openFlowPlace>>
  let store: WholeStore
  let offset = 0
  beforeAll(async () => {
    place = await openFlowPlace()
    store = place.create({ segmentRowsMax: 1 })
    await store.start()
  })
  afterAll(async () => {
    await store.stop()
    await place.remove()
  })

  test('is read by another reader as it was appended, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 30 }), async (lines) => {
        const sealed = new Set((await store.states.segments.files()).map(({ name }) => name))
        // The second message makes the segment of the first complete.
        const end = { orig: '192.0.2.1', resp: '192.0.2.2', lastUs: startUs }
        const messages = [lines, [end]].map((some) => ({
          offset,
          value: flowMessage(++offset, some),
        }))
        await store.append({ partition: 0, messages })
        await store.flush()
        const fresh = async () =>
          (await store.states.segments.files()).filter(({ name }) => !sealed.has(name))
        await expect
          .poll(async () => (await fresh()).length, { timeout: 20_000 })
          .toBeGreaterThanOrEqual(offset === 2 ? 1 : 2)
        const rows = (await Promise.all((await fresh()).map(({ name }) => read(name)))).flat()
        const own = rows.filter(({ origIp }) => origIp !== end.orig)
        expect(own.map(text).sort()).toEqual(lines.map(expected).map(text).sort())
      }),
      { numRuns: 8 },
    )
  })

  test('is sorted by host, counterpart and time', async () => {
    for (const { name, rows } of await store.states.segments.files()) {
      const read1 = await read(name)
      expect(read1).toHaveLength(rows)
      const order = read1.map(({ origKey, respKey, flowLastUs }) =>
        [origKey, respKey, String(flowLastUs)].join(' '),
      )
      expect(order).toEqual([...order].sort())
    }
  })

  async function read(name: string): Promise<Record<string, unknown>[]> {
    const file = await asyncBufferFromFile(join(place.folder, 'history', 'files', name))
    await parquetMetadataAsync(file)
    return parquetReadObjects({ file, compressors })
  }
})

function expected(given: FlowLine): Record<string, unknown> {
  const { origPayloadBytes: payload, origIpBytes, origPackets } = given
  const hasPayload = !Number.isNaN(payload)
  return {
    origKey: keyOf(given.orig),
    respKey: keyOf(given.resp),
    flowLastUs: given.lastUs,
    durationUs: given.lastUs - given.startUs!,
    emittedAfterUs: secondUs,
    sensor: 'sensor',
    kind: given.kind,
    isFirst: given.isFirst === 1,
    connState: given.connState,
    endReason: given.endReason === 0 ? null : given.endReason,
    protocol: given.protocol,
    vlan: given.vlan === 0 ? null : given.vlan,
    origIp: given.orig,
    respIp: given.resp,
    origPort: given.origPort,
    respPort: given.respPort,
    origMac:
      given.origMac === 0 ? null : `00:00:00:00:00:${given.origMac!.toString(16).padStart(2, '0')}`,
    respMac: null,
    origPackets,
    respPackets: given.respPackets,
    origIpBytes,
    respIpBytes: given.respIpBytes,
    origPayloadBytes: hasPayload ? payload : null,
    respPayloadBytes: given.respIpBytes,
    firstTcpFlags: 0,
    origTcpFlags: 0,
    respTcpFlags: 0,
    isUnreachable: false,
    duplicatePackets: given.duplicatePackets,
    service: given.service ?? null,
  }
}

/** A row as text, its payload worked out as docs/formats/history.md says. */
function text(row: Record<string, unknown>): string {
  const number = (name: string) => (row[name] === null ? NaN : Number(row[name]))
  const payload = (side: string) => {
    if (`${side}PayloadBytes` in row) return row[`${side}PayloadBytes`]
    const each = number(`${side}HeaderBytes`)
    const headers = each * number(`${side}Packets`) + number(`${side}HeaderRest`)
    return Number.isNaN(each) ? null : number(`${side}IpBytes`) - headers
  }
  const told = {
    ...row,
    origPayloadBytes: payload('orig'),
    respPayloadBytes: payload('resp'),
  }
  const plain = Object.entries(told)
    .filter(([name]) => !/Header(Bytes|Rest)$/.test(name))
    .map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value])
  return JSON.stringify(plain.sort())
}
