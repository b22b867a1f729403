import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createPartitionLane, type LaneOptions } from '../../bus/adapters/partition-lane.ts'
import { WardwatchError } from '../../records/errors.ts'
import { Recorder, until } from '../contracts/bus.contract.ts'

function open(handler: Recorder, over: Partial<LaneOptions> = {}) {
  const seen: unknown[] = []
  const lane = createPartitionLane({
    partition: 0,
    handler,
    queueBytesMax: 10,
    before: Promise.resolve(),
    begin: (wanted) => Promise.resolve(wanted),
    ready: (next) => seen.push(`ready ${next}`),
    failed: (error) => seen.push(error),
    lost: (error) => seen.push(['lost', error]),
    ...over,
  })
  return { lane, seen }
}

const at = (offset: number, size = 1) => ({ offset, value: new Uint8Array(size) })

test('a lane takes nothing in before its handler has said where to begin', async () => {
  const handler = new Recorder()
  handler.wanted.set(0, 5)
  const { lane, seen } = open(handler)
  expect(lane.next()).toBeNull()
  await until(() => lane.next() === 5)
  expect(seen).toEqual(['ready 5'])
  await lane.close()
})

test('a lane waits for the former owner of its partition', async () => {
  const handler = new Recorder()
  const before = Promise.withResolvers<undefined>()
  const { lane } = open(handler, { before: before.promise })
  await setImmediate()
  expect(handler.events).toEqual([])
  before.resolve(undefined)
  await until(() => lane.next() === 0)
  await lane.close()
  expect(handler.events).toEqual(['assigned 0', 'revoked 0'])
})

test('a lane says when it holds too much, and again when it has room', async () => {
  const handler = new Recorder()
  const gate = Promise.withResolvers<undefined>()
  handler.onMessages = () => gate.promise
  const { lane } = open(handler)
  await until(() => lane.next() === 0)
  lane.offer([at(0, 8)])
  expect(lane.hasRoom()).toBe(true)
  lane.offer([at(1, 8)])
  expect(lane.next()).toBe(2)
  expect(lane.hasRoom()).toBe(false)
  gate.resolve(undefined)
  await until(() => lane.hasRoom() && handler.count === 2)
  await lane.close()
})

test('a closed lane drops what is queued, lets the current call end, and takes nothing more', async () => {
  const handler = new Recorder()
  const gate = Promise.withResolvers<undefined>()
  handler.onMessages = () => gate.promise
  const { lane } = open(handler)
  await until(() => lane.next() === 0)
  lane.offer([at(0)])
  await until(() => handler.calls === 1)
  lane.offer([at(1)])
  const closed = lane.close()
  lane.offer([at(2)])
  gate.resolve(undefined)
  await closed
  expect(handler.offsets(0)).toEqual([0])
  expect(handler.events).toEqual(['assigned 0', 'revoked 0'])
})

test('a lane closed before its turn calls nobody', async () => {
  const handler = new Recorder()
  const before = Promise.withResolvers<undefined>()
  const { lane } = open(handler, { before: before.promise })
  const closed = lane.close()
  before.resolve(undefined)
  await closed
  expect(handler.events).toEqual([])
})

test('losing the partition is a failure while it is ours, and expected once it is not', async () => {
  const loss = new WardwatchError('PARTITION_LOST', 'another worker')
  const handler = new Recorder()
  handler.onMessages = () => Promise.reject(loss)
  const ours = open(handler)
  await until(() => ours.lane.next() === 0)
  ours.lane.offer([at(0)])
  await until(() => ours.seen.length === 2)
  expect(ours.seen[1]).toBe(loss)

  const late = new Recorder()
  late.onRevoked = () => Promise.reject(loss)
  const theirs = open(late)
  await until(() => theirs.lane.next() === 0)
  await theirs.lane.close()
  expect(theirs.seen[1]).toEqual(['lost', loss])
})
