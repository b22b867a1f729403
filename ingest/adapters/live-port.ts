import { isWardwatchError } from '../../records/errors.ts'
import { pcapMagic } from '../capture-parser.ts'
import { fatalErrorOf, faultOf, reasonIn, type CaptureFault } from '../capture-faults.ts'
import { createCaptureState } from '../capture-state.ts'
import { createDropTotals, parseDropReport } from '../drop-report.ts'
import type { LivePortConfig } from '../live-config.ts'
import { createPcapParser } from '../pcap.ts'
import type { LiveCapture, PacketBlock, Source } from '../source.ts'
import { createSleep } from '../wall-schedule.ts'
import { createStreamInput, type ByteInput } from './byte-input.ts'
import { preferCapture } from './priority.ts'
import { readBlocks } from './read-blocks.ts'
import { interfaceHasLink, interfaceNames } from './interfaces.ts'
import { type CaptureProcess, checkFilter, startCapture } from './tcpdump.ts'

export interface LivePortDependencies {
  /** Wall clock in ms: the clock that stamps the packets of this machine. */
  readonly now: () => number
  /** Whether the port has a link; false makes it count as down although tcpdump waits on. The system's word by default. */
  readonly hasLink?: (name: string) => Promise<boolean>
}

/** Bytes read at a time; a pipe holds no more. */
const chunkBytes = 64 * 1024

/**
 * A mirror port of this machine, read through tcpdump in a process of its own, which holds the rights that capturing needs
 * and gives them up once the port is open. When the port goes away, it is tried again, and the gap is recorded.
 *
 * `blocks()` rejects when the first try cannot succeed: CAPTURE_PROGRAM_MISSING, CAPTURE_NOT_PERMITTED,
 * INTERFACE_NOT_FOUND, CONFIG_INVALID (filter, user). After a first success nothing ends it but `stop`.
 */
export function createLivePortSource(
  config: LivePortConfig,
  { now, hasLink = interfaceHasLink }: LivePortDependencies,
): Source & { readonly live: LiveCapture } {
  const rejects = new Map<string, number>()
  const drops = createDropTotals()
  const nowUs = () => now() * 1000
  const state = createCaptureState(nowUs())
  const sleep = createSleep()
  let capture: CaptureProcess | null = null
  /** The running capture has opened the port. */
  let isOpen = false
  let lastWords: string | null = null
  let isStopping = false

  /** One capture, from its start to its end; says why it ended. */
  async function* captureOnce(): AsyncGenerator<PacketBlock, CaptureFault, undefined> {
    drops.restart()
    const running = startCapture(config, (line) => {
      const report = parseDropReport(line)
      if (report !== null) drops.add(report)
    })
    capture = running
    preferCapture(running.pid)
    if (isStopping) running.stop()
    const input = createStreamInput(running.output, config.interface)
    const asking = setInterval(() => void look(running), config.dropReportSeconds * 1000)
    const parser = createPcapParser((cause) => rejects.set(cause, (rejects.get(cause) ?? 0) + 1))
    try {
      const opening = tellFirst(input, () => {
        isOpen = true
        state.up(nowUs())
      })
      yield* readBlocks(opening, parser, chunkBytes)
    } finally {
      clearInterval(asking)
      running.stop()
      await input.close()
      capture = null
      isOpen = false
    }
    try {
      await running.ended
    } catch (error) {
      // A program that was there is being replaced, or the machine is out of processes for a moment.
      if (state.starts === 0 || !isWardwatchError(error)) throw error
      lastWords = error.message
      return 'ended'
    }
    lastWords = reasonIn(running.messages())
    return parser.hasEnded ? 'unreadable' : faultOf(running.messages())
  }

  /** A look at a capture that runs: what was lost, and whether there is a link. */
  async function look(running: CaptureProcess): Promise<void> {
    // Before its stream begins, the signal would end the program.
    if (!isOpen) return
    running.askForCounts()
    const isLinked = await hasLink(config.interface)
    if (capture !== running) return
    if (isLinked) state.up(nowUs())
    else {
      lastWords = `${config.interface} has no link`
      state.down(nowUs(), 'interface-down')
    }
  }

  async function* blocks(): AsyncGenerator<PacketBlock, void, undefined> {
    await checkFilter(config)
    // The thread that reads.
    const takeBack = preferCapture(0)
    try {
      yield* captureAgainAndAgain()
    } finally {
      takeBack()
    }
  }

  async function* captureAgainAndAgain(): AsyncGenerator<PacketBlock, void, undefined> {
    for (let attempt = 0; !isStopping; attempt++) {
      const startsBefore = state.starts
      const fault = yield* captureOnce()
      if (stopsHere()) return
      if (state.starts > startsBefore) attempt = 0
      else if (state.starts === 0) throwIfFatal(fault)
      state.down(nowUs(), fault)
      await sleep.for(waitMs(config, attempt))
    }
  }

  // A function, because it may change while something is awaited.
  const stopsHere = () => isStopping

  function throwIfFatal(fault: CaptureFault): void {
    const messages = lastWords ?? ''
    const error = fatalErrorOf(fault, { ...config, messages, interfaces: interfaceNames() })
    if (error !== null) throw error
  }

  return {
    name: `interface ${config.interface}`,
    blocks,
    rejects,
    progress: () => null,
    live: {
      clockUs: () => (state.isUp ? nowUs() : -Infinity),
      health: () => state.health(),
      dropped: () => drops.dropped,
      fault: () => lastWords,
      stop() {
        isStopping = true
        capture?.stop()
        sleep.wake()
      },
    },
  }
}

/** Doubled at each try that did not get the port open. */
function waitMs(config: LivePortConfig, attempt: number): number {
  const { reconnectSecondsMin, reconnectSecondsMax } = config
  return 1000 * Math.min(reconnectSecondsMax, reconnectSecondsMin * 2 ** Math.min(attempt, 30))
}

/** Calls back when the stream begins as a capture does: tcpdump writes the file header when the port is open. */
function tellFirst(input: ByteInput, opened: () => void): ByteInput {
  let hasBegun = false
  return {
    ...input,
    async read(into, offset, length) {
      const count = await input.read(into, offset, length)
      if (hasBegun) return count
      hasBegun = true
      const isCapture =
        count >= 4 && pcapMagic(new DataView(into.buffer).getUint32(offset)) !== null
      if (isCapture) opened()
      return count
    },
  }
}
