import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HttpError } from '@influxdata/influxdb-client'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDelivery, NotTaken } from '../../store/adapters/influxdb/sender.ts'
import { openSpool, type Spool } from '../../store/adapters/influxdb/spool.ts'

describe('the spool', () => {
  let folder: string
  let spools: Spool[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardwatch-spool-'))
    spools = []
  })
  afterEach(async () => {
    for (const spool of spools) await spool.close()
    await rm(folder, { recursive: true })
  })
  async function open(bytesMax = 1e6, linesMax = 3): Promise<Spool> {
    const spool = await openSpool({ folder, bytesMax, linesMax })
    spools.push(spool)
    return spool
  }
  async function drain(spool: Spool): Promise<string[]> {
    const lines: string[] = []
    for (let one = await spool.next(); one !== null; one = await spool.next()) {
      lines.push(...one.lines)
      await spool.done(one, [])
    }
    return lines
  }

  test('gives back every line once, in order, in segments of at most so many', async () => {
    const spool = await open()
    const lines = Array.from({ length: 10 }, (_, i) => `line ${i} é`)
    await spool.append(lines.slice(0, 7))
    await spool.append(lines.slice(7))
    expect(spool.waitingBytes).toBe(Buffer.byteLength(lines.join('\n')) + 1)
    expect((await spool.next())!.lines).toHaveLength(3)
    expect(await drain(spool)).toEqual(lines)
    expect(spool.waitingBytes).toBe(0)
    expect(await readdir(folder)).toEqual([])
  })

  test('opened again after a crash, it holds what was appended and not done', async () => {
    const first = await open()
    await first.append(['a', 'b', 'c', 'd'])
    const sent = (await first.next())!
    const second = await open()
    expect(second.waitingBytes).toBe(8)
    await first.done(sent, [])
    const third = await open()
    await third.append(['e'])
    expect(await drain(third)).toEqual(['d', 'e'])
  })

  test('leaves out a line that a crash has cut', async () => {
    const first = await open()
    await first.append(['whole'])
    const [name] = await readdir(folder)
    await appendFile(join(folder, name!), 'torn i')
    const second = await open()
    await second.append(['next'])
    expect(await drain(second)).toEqual(['whole', 'next'])
  })

  test('when full, the oldest go, counted and kept word for word, and the one being sent stays', async () => {
    const spool = await open(40)
    await spool.append(['sent-1', 'sent-2'])
    const taken = (await spool.next())!
    for (let i = 0; i < 6; i++) await spool.append([`line-${i}-a`, `line-${i}-b`, `line-${i}-c`])
    expect(spool.waitingBytes).toBeLessThanOrEqual(40 + 14)
    await spool.done(taken, [])
    const left = await drain(spool)
    const lost = (await readFile(join(folder, 'lost.lines'), 'utf8')).trim().split('\n')
    expect(lost.filter((line) => !line.startsWith('#')).concat(left)).toHaveLength(18)
    expect(left.at(-1)).toBe('line-5-c')
    const losses = { points: 18 - left.length, byCause: { 'spool-full': 18 - left.length } }
    expect(spool.losses.totals()).toEqual(losses)
    expect((await open()).losses.totals()).toEqual(losses)
  })

  test('counts the losses of a segment once, also when it is sent again after a crash', async () => {
    const first = await open()
    await first.append(['a', 'b'])
    const segment = (await first.next())!
    const bytes = await readFile(join(folder, '000000000001.lines'))
    const lost = [{ line: 'a', cause: 'refused: because' }]
    await first.done(segment, lost)
    // As if the crash had come between the count and the removal.
    await writeFile(join(folder, '000000000001.lines'), bytes)
    const second = await open()
    await second.done((await second.next())!, lost)
    expect(second.losses.totals()).toEqual({ points: 1, byCause: { refused: 1 } })
    await second.append(['c'])
    expect((await second.next())!.id).toBeGreaterThan(1)
  })
})

describe('a delivery', () => {
  const httpError = (status: number, message: string) =>
    new HttpError(status, 'no', JSON.stringify({ message }), null, 'application/json')

  test('ends with every line taken or lost, whatever the server refuses and however often it fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 }),
        fc.func(fc.integer({ min: 0, max: 5 })),
        fc.array(fc.constantFrom('fail', 'lie', 'work', 'work'), { maxLength: 200 }),
        fc.boolean(),
        async (lines, kindOf, moods, tellsHowMany) => {
          const isRefused = (line: string) => kindOf(line) === 0
          const taken = new Set<string>()
          let request = 0
          const write = async (some: readonly string[]) => {
            await Promise.resolve()
            const mood = moods[request++]
            if (mood === 'fail') throw httpError(503, 'busy')
            // Refuses a batch that is too long, without a reason in its lines.
            if (mood === 'lie' && some.length > 4) throw httpError(413, 'too long')
            const kept = some.filter((line) => !isRefused(line))
            for (const line of kept) taken.add(line)
            const dropped = some.length - kept.length
            if (dropped > 0)
              throw httpError(422, `partial write${tellsHowMany ? ` dropped=${dropped}` : ''}`)
          }
          const delivery = createDelivery(lines)
          while (!delivery.isDone) {
            await delivery.step(write).catch((error: unknown) => {
              if (!(error instanceof NotTaken)) throw error
            })
          }
          const lost = delivery.lost.map(({ line }) => line)
          expect(lost.toSorted()).toEqual(lines.filter(isRefused).toSorted())
          expect([...taken].sort()).toEqual(lines.filter((line) => !isRefused(line)).sort())
        },
      ),
    )
  })
})
