import type { ControlCommand } from '../records/control.ts'
import { WardwatchError } from '../records/errors.ts'
import type { ObservationMessage } from '../records/observation.ts'
import { dayUs, type TimeUs } from '../records/time.ts'
import type { SiteView } from './host-state.ts'
import { type LearnedUntil, type LearningGap, noteLearned } from './learning-gap.ts'
import { decodeSection, encodeSection } from './section.ts'

const stateVersion = 3
/** Runs remembered of one sensor, newest last. */
const runsMax = 8
const sensorsMax = 4096
const commandsMax = 4096

interface SiteState {
  isTeaching: boolean
  /** A teaching recording has ended. */
  isBaselined: boolean
  /** When the longest-running sensor of the site began, its pauses left out; NaN before its first packet. */
  startedUs: TimeUs
  /** The start of each sensor's newest run: it moves on by each pause. */
  starts: Map<string, { run: string; startedUs: TimeUs }>
  /** Earliest start of a run that has ended. */
  endedStartUs: TimeUs
  /** A run in which a recording has begun anew: its start says nothing any more. */
  voidRun: string | null
}

interface Saved {
  clockUs: TimeUs
  sites: Map<string, SiteState>
  sequences: Map<string, Map<string, number>>
  applied: Set<string>
  pending: ControlCommand[]
  learned: LearnedUntil
}

/** What a partition knows apart from its hosts: clock, sites, what it has read of each sensor, commands. */
export class PartitionState {
  readonly #saved: Saved
  readonly #siteLearningUs: number
  /** One a site, for all its hosts: it stays in the processor's cache. */
  readonly #views = new Map<string, SiteView>()

  /** @throws WardwatchError STATE_INCOMPATIBLE when `bytes` are of another version; a retry cannot help. */
  constructor(siteLearningDays: number, bytes: Uint8Array | null) {
    this.#siteLearningUs = siteLearningDays * dayUs
    if (bytes === null) {
      this.#saved = {
        clockUs: -Infinity,
        sites: new Map(),
        sequences: new Map(),
        applied: new Set(),
        pending: [],
        learned: new Map(),
      }
      return
    }
    const saved = decodeSection(stateVersion, bytes)
    if (saved === null)
      throw new WardwatchError(
        'STATE_INCOMPATIBLE',
        'the partition was saved by another version of the program',
      )
    this.#saved = saved as Saved
  }

  encode(): Uint8Array {
    return encodeSection(stateVersion, this.#saved)
  }

  /** Highest sensor clock read; −∞ at the start of a recording. */
  get clockUs(): TimeUs {
    return this.#saved.clockUs
  }

  /** What a live sensor's last life left unlearned, at the first message of its next. */
  noteLearned(message: ObservationMessage): LearningGap | null {
    const isTeaching = this.#saved.sites.get(message.site)?.isTeaching ?? false
    return isTeaching ? null : noteLearned(this.#saved.learned, message)
  }

  advance(timeUs: TimeUs): void {
    if (timeUs > this.#saved.clockUs) this.#saved.clockUs = timeUs
  }

  /** Messages missing before this one (0 when it is the next), or −1 when it has been read before. */
  gapBefore(message: ObservationMessage): number {
    const sensor = `${message.site}|${message.sensor}`
    let runs = this.#saved.sequences.get(sensor)
    if (runs === undefined) {
      runs = new Map()
      bound(this.#saved.sequences, sensorsMax)
      this.#saved.sequences.set(sensor, runs)
    }
    const last = runs.get(message.run) ?? 0
    if (message.sequence <= last) return -1
    if (last === 0) bound(runs, runsMax)
    runs.set(message.run, message.sequence)
    return message.sequence - last - 1
  }

  #site(site: string): SiteState {
    let state = this.#saved.sites.get(site)
    if (state === undefined) {
      state = {
        isTeaching: false,
        isBaselined: false,
        startedUs: NaN,
        starts: new Map(),
        endedStartUs: Infinity,
        voidRun: null,
      }
      this.#saved.sites.set(site, state)
    }
    return state
  }

  /** What hosts ask of their site, once a run of rows: they keep it, so that nothing is looked up by name. */
  siteOf(site: string): SiteView {
    const known = this.#views.get(site)
    if (known !== undefined) return known
    const [state, learningUs] = [this.#site(site), this.#siteLearningUs]
    const view: SiteView = {
      get isTeaching() {
        return state.isTeaching
      },
      isBaselinedAt: (timeUs) => state.isBaselined || timeUs - state.startedUs >= learningUs,
    }
    this.#views.set(site, view)
    return view
  }

  /** Notes since when the site's sensors have run. */
  noteHealth(message: ObservationMessage): void {
    const site = this.#site(message.site)
    const { sensor, run } = message
    const { startedUs } = message.health
    const known = site.starts.get(sensor)
    if (startedUs === 0 || run === site.voidRun) return
    if (known?.run === run && known.startedUs === startedUs) return
    if (known === undefined) bound(site.starts, sensorsMax)
    else if (known.run !== run) site.endedStartUs = Math.min(site.endedStartUs, known.startedUs)
    site.starts.set(sensor, { run, startedUs })
    const starts = [...site.starts.values()].map((start) => start.startedUs)
    site.startedUs = Math.min(site.endedStartUs, ...starts)
  }

  /** A teaching recording has ended: its site has a baseline. Returns whether one had been running. */
  endTeaching(site: string): boolean {
    const state = this.#site(site)
    const wasTeaching = state.isTeaching
    state.isTeaching = false
    state.isBaselined ||= wasTeaching
    return wasTeaching
  }

  beginRecording(message: ObservationMessage): void {
    const site = this.#site(message.site)
    site.isTeaching = message.recording?.teaches ?? false
    site.startedUs = NaN
    site.starts.clear()
    site.endedStartUs = Infinity
    site.voidRun = message.health.startedUs > 0 ? message.run : null
    this.#saved.clockUs = -Infinity
  }

  /** Queues a command. Each is applied once, by its id, however often it comes: false when it has come before. */
  accept(command: ControlCommand): boolean {
    if (this.#saved.applied.has(command.id)) return false
    if (this.#saved.applied.size >= commandsMax) {
      const oldest = this.#saved.applied.values().next()
      if (!oldest.done) this.#saved.applied.delete(oldest.value)
    }
    this.#saved.applied.add(command.id)
    this.#saved.pending.push(command)
    return true
  }

  /** Takes the commands that hold by now, in the order they came. */
  takeEffective(): ControlCommand[] {
    const { pending, clockUs } = this.#saved
    if (pending.length === 0) return pending
    const due = pending.filter((command) => command.effectiveUs <= clockUs)
    this.#saved.pending = pending.filter((command) => command.effectiveUs > clockUs)
    return due
  }
}

function bound(map: Map<string, unknown>, max: number): void {
  if (map.size < max) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
