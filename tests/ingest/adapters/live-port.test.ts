import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLivePortSource } from '../../../ingest/adapters/live-port.ts'
import { type LivePortConfig, livePortSchema } from '../../../ingest/live-config.ts'
import { startUs } from '../../support/traffic-arbitrary.ts'
import { encodePcap } from '../../../simulator/pcap-file.ts'
import { createFakeTcpdump, type FakeTcpdump } from '../../support/fake-tcpdump.ts'

let fake: FakeTcpdump
let nowMs: number
/** What to end after each test: the source, and what reads from it. */
let endings: (() => Promise<void>)[]

beforeEach(async () => {
  fake = await createFakeTcpdump()
  nowMs = startUs / 1000
  endings = []
})
afterEach(async () => {
  for (const end of endings) await end()
  fake.close()
})

const pcapHeader = (options: { nanoseconds?: boolean } = {}) => encodePcap([], options)
const pcapRecord = (timeUs: number, options: { nanoseconds?: boolean } = {}) =>
  encodePcap([{ timeUs, bytes: new Uint8Array(60) }], options).subarray(pcapHeader().length)

/** However slow the machine is. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

/** A port read through the fake program; stamps of packets as they are read. */
function watch(changes: Partial<LivePortConfig> = {}, hasLink?: () => Promise<boolean>) {
  const config = {
    ...livePortSchema.parse({ program: fake.program, reconnectSecondsMin: 0.01 }),
    interface: 'span0',
    ...changes,
  }
  const source = createLivePortSource(config, {
    now: () => nowMs,
    ...(hasLink === undefined ? {} : { hasLink }),
  })
  const stamps: number[] = []
  const done = (async () => {
    for await (const block of source.blocks())
      for (let row = 0; row < block.count; row++) stamps.push(block.timeUs[row]! - startUs)
  })()
  const failure = done.then(
    () => null,
    (error: unknown) => error,
  )
  endings.push(async () => {
    source.live.stop()
    for (const capture of opened) capture.exit(0)
    await failure
  })
  return { source, stamps, done, failure, live: source.live }
}

const opened: Awaited<ReturnType<FakeTcpdump['started']>>[] = []
/** The next start of the program, with its file header written unless it is to fail. */
async function open(header: Uint8Array | null = pcapHeader()) {
  const capture = await fake.started()
  opened.push(capture)
  if (header !== null) capture.write(header)
  return capture
}

describe('a live port', () => {
  test('is opened as configured, and read while it is written', async () => {
    const { stamps, live } = watch({
      filter: 'not port 9',
      snapLengthBytes: 512,
      bufferBytes: 4_194_304,
    })
    const capture = await open()
    const args = capture.args.join(' ')
    expect(args).toContain('-i span0 -w - --immediate-mode -U -n -s 512 -B 4096')
    expect(args.endsWith('-- not port 9')).toBe(true)
    expect(args.includes('-Z nobody')).toBe(process.getuid?.() === 0)
    await eventually(() => expect(live.health().downSinceUs).toBeNull())
    capture.write(pcapRecord(startUs + 1))
    await eventually(() => expect(stamps).toEqual([1]))
    // A packet in two halves.
    const record = pcapRecord(startUs + 2)
    capture.write(record.subarray(0, 20))
    capture.write(record.subarray(20))
    await eventually(() => expect(stamps).toEqual([1, 2]))
  })

  test('may be written in nanoseconds', async () => {
    const { stamps } = watch()
    const capture = await open(pcapHeader({ nanoseconds: true }))
    capture.write(pcapRecord(startUs + 7, { nanoseconds: true }))
    await eventually(() => expect(stamps).toEqual([7]))
  })

  test('has a clock while it is captured, and none before', async () => {
    const { live } = watch()
    expect(live.clockUs()).toBe(-Infinity)
    await open()
    await eventually(() => expect(live.clockUs()).toBe(startUs))
    nowMs += 1000
    expect(live.clockUs()).toBe(startUs + 1e6)
  })

  test('asks for what the kernel dropped, and adds it up over captures', async () => {
    const { live } = watch({ dropReportSeconds: 0.05 })
    const first = await open()
    await first.signalled('SIGUSR1')
    first.say(
      'tcpdump: 9 packets captured, 12 packets received by filter, 3 packets dropped by kernel\n',
    )
    await eventually(() => expect(live.dropped()).toBe(3))
    first.say('5 packets dropped by kernel\n')
    first.exit(1)
    const second = await open()
    await second.signalled('SIGUSR1')
    second.say(
      'tcpdump: 1 packet received by filter, 4 packets dropped by kernel, 1 packet dropped by interface\n',
    )
    await eventually(() => expect(live.dropped()).toBe(10))
  })

  test('is tried again when it goes away, and the gap is recorded', async () => {
    const { stamps, live } = watch()
    const first = await open()
    first.write(pcapRecord(startUs))
    await eventually(() => expect(stamps).toEqual([0]))
    nowMs += 2000
    first.say('tcpdump: pcap_loop: The interface disappeared\n')
    first.exit(1)
    await eventually(() => expect(live.health().downSinceUs).toBe(startUs + 2e6))
    expect(live.clockUs()).toBe(-Infinity)
    for (let refusals = 0; refusals < 3; refusals++) {
      const refused = await open(null)
      refused.say('tcpdump: span0: No such device exists\n')
      refused.exit(1)
      await refused.gone
    }
    nowMs += 5000
    const again = await open()
    await eventually(() => expect(live.health().downSinceUs).toBeNull())
    expect(live.health()).toEqual({
      downSinceUs: null,
      gaps: 1,
      gapUs: 5e6,
      lastGap: { fromUs: startUs + 2e6, toUs: startUs + 7e6, cause: 'interface-gone' },
    })
    expect(live.fault()).toContain('No such device')
    again.write(pcapRecord(startUs + 8))
    await eventually(() => expect(stamps).toEqual([0, 8]))
  })

  test.each([
    ['INTERFACE_NOT_FOUND', 'tcpdump: span0: No such device exists\n', /there are: .*lo/],
    [
      'CAPTURE_NOT_PERMITTED',
      "tcpdump: span0: You don't have permission to perform this capture\n",
      /setcap/,
    ],
    ['CONFIG_INVALID', "tcpdump: Couldn't find user 'nobody'\n", /input\.user/],
  ])('ends with %s when the first try says so', async (code, message, remedy) => {
    const { failure } = watch()
    const capture = await open(null)
    capture.say(message)
    capture.exit(1)
    expect(await failure).toMatchObject({ code, message: expect.stringMatching(remedy) as string })
  })

  test('ends with CAPTURE_PROGRAM_MISSING without the program', async () => {
    const { failure } = watch({ program: '/nowhere/tcpdump' })
    expect(await failure).toMatchObject({ code: 'CAPTURE_PROGRAM_MISSING' })
  })

  test('does not start with a filter that is none', async () => {
    const { failure } = watch({ filter: 'bad' })
    expect(await failure).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('syntax error') as string,
    })
    expect(fake.startCount).toBe(0)
  })

  test('waits for a port that is there and down', async () => {
    const { stamps, live } = watch()
    const down = await open(null)
    down.say('tcpdump: span0: That device is not up\n')
    down.exit(1)
    const up = await open()
    up.write(pcapRecord(startUs))
    await eventually(() => expect(stamps).toEqual([0]))
    expect(live.health()).toMatchObject({ gaps: 1, lastGap: { cause: 'interface-down' } })
  })

  test('counts as down without a link, although the capture goes on', async () => {
    let isLinked = true
    const { live } = watch({ dropReportSeconds: 0.05 }, () => Promise.resolve(isLinked))
    await open()
    await eventually(() => expect(live.health().downSinceUs).toBeNull())
    isLinked = false
    await eventually(() => expect(live.health().downSinceUs).toBe(startUs))
    expect(live.fault()).toBe('span0 has no link')
    nowMs += 3000
    isLinked = true
    await eventually(() => expect(live.health().gaps).toBe(1))
    expect(live.health()).toMatchObject({ gapUs: 3e6, lastGap: { cause: 'interface-down' } })
    expect(fake.startCount).toBe(1)
  })

  test('is read to the last packet when it is stopped', async () => {
    const { stamps, live, done } = watch()
    const capture = await open()
    capture.write(pcapRecord(startUs))
    await eventually(() => expect(stamps).toEqual([0]))
    live.stop()
    await capture.signalled('SIGTERM')
    capture.write(pcapRecord(startUs + 5))
    capture.exit(0)
    await done
    expect(stamps).toEqual([0, 5])
    expect(live.health().gaps).toBe(0)
  })

  test('can be stopped while it waits to try again', async () => {
    const { live, done } = watch({ reconnectSecondsMin: 3600, reconnectSecondsMax: 3600 })
    const capture = await open()
    await eventually(() => expect(live.health().downSinceUs).toBeNull())
    capture.exit(1)
    await eventually(() => expect(live.health().downSinceUs).not.toBeNull())
    live.stop()
    await done
  })

  test('that writes no capture is counted, ended and tried again', async () => {
    const { source, stamps, live } = watch()
    const garbage = await open(Buffer.from('this is no capture at all, whatever it is'))
    await garbage.signalled('SIGTERM')
    garbage.exit(0)
    const capture = await open()
    capture.write(pcapRecord(startUs + 1))
    await eventually(() => expect(stamps).toEqual([1]))
    expect([...source.rejects]).toEqual([['bad-magic', 1]])
    expect(live.health().lastGap?.cause).toBe('unreadable')
  })

  test('keeps a bounded part of what the program says', async () => {
    const { live } = watch()
    const capture = await open()
    await eventually(() => expect(live.health().downSinceUs).toBeNull())
    for (let i = 0; i < 200; i++) capture.say('x'.repeat(5000))
    capture.say('\ntcpdump: the end\n')
    capture.exit(1)
    await eventually(() => expect(live.fault()).toContain('the end'))
    expect(live.fault()!.length).toBeLessThanOrEqual(4096)
  })
})
