import { latenessAllowedUs, type ObservationMessage } from '../records/observation.ts'
import { minuteUs, type TimeUs } from '../records/time.ts'

/** Runs remembered of one sensor, and sensors: the oldest is forgotten first. */
const runsMax = 8
const sensorsMax = 4_096

/** What `v8.serialize` writes of a read state. */
export interface SavedReadState {
  readonly sites: readonly (readonly [string, SiteClock])[]
  readonly sequences: readonly (readonly [string, readonly (readonly [string, number])[]])[]
}

export interface SiteClock {
  /** Highest sensor clock read; −∞ before the first, and where a recording begins that lies before. */
  readonly clockUs: TimeUs
  /** Rows before it belong to minutes that the end of an input has closed. */
  readonly floorUs: TimeUs
  /** Sensor and run whose recording has begun and has not said anything yet. */
  readonly recording: string | null
}

/** What of a partition has been read: the clock of each site, and the last message of each sensor and run. */
export interface ReadState {
  siteOf(site: string): SiteClock
  /** Whether this message was not read before. */
  isNext(message: ObservationMessage): boolean
  accept(message: ObservationMessage): void
  beginRecording(message: ObservationMessage): void
  /** Whether this is the first word of a recording, and lies before what was read of the site. */
  goesBack(message: ObservationMessage): boolean
  restartSite(site: string): void
  endSite(site: string): void
  /** @returns whether the clock has moved */
  advance(site: string, clockUs: TimeUs): boolean
  save(): SavedReadState
}

const unread: SiteClock = { clockUs: -Infinity, floorUs: -Infinity, recording: null }

export function createReadState(saved: SavedReadState | null): ReadState {
  const sites = new Map(saved?.sites)
  const sequences = new Map(saved?.sequences.map(([sensor, runs]) => [sensor, new Map(runs)]))
  const siteOf = (site: string) => sites.get(site) ?? unread

  return {
    siteOf,
    isNext({ site, sensor, run, sequence }) {
      return sequence > (sequences.get(`${site}|${sensor}`)?.get(run) ?? 0)
    },
    accept({ site, sensor, run, sequence, kind }) {
      // A command's sequence says nothing: several parties may send them.
      if (kind === 'control') return
      const key = `${site}|${sensor}`
      let runs = sequences.get(key)
      if (runs === undefined) {
        bound(sequences, sensorsMax)
        runs = new Map()
        sequences.set(key, runs)
      }
      if (!runs.has(run)) bound(runs, runsMax)
      runs.set(run, sequence)
    },
    beginRecording({ site, sensor, run }) {
      sites.set(site, { ...siteOf(site), recording: `${sensor}|${run}` })
    },
    goesBack({ site, sensor, run, clockUs }) {
      const known = siteOf(site)
      if (known.recording !== `${sensor}|${run}` || !(clockUs > 0)) return false
      sites.set(site, { ...known, recording: null })
      return clockUs < Math.max(known.clockUs - latenessAllowedUs, known.floorUs)
    },
    restartSite(site) {
      sites.set(site, unread)
    },
    endSite(site) {
      const known = siteOf(site)
      if (known.clockUs === -Infinity) return
      const floorUs = (Math.floor(known.clockUs / minuteUs) + 1) * minuteUs
      sites.set(site, { ...known, floorUs })
    },
    advance(site, clockUs) {
      const known = siteOf(site)
      if (!(clockUs > known.clockUs)) return false
      sites.set(site, { ...known, clockUs })
      return true
    },
    save: () => ({
      sites: [...sites],
      sequences: [...sequences].map(([sensor, runs]) => [sensor, [...runs]] as const),
    }),
  }
}

/** Makes room for one more: the entry that was put in first goes. */
function bound(map: Map<string, unknown>, max: number): void {
  if (map.size < max) return
  const [first] = map.keys()
  map.delete(first!)
}
