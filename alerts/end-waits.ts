import type { AlertRows } from '../store/state-store.ts'

/** How often the store is asked for ends that another process has folded, in ms. */
const endPollMs = 250

interface EndWait {
  readonly sensor: string
  readonly run: string
  readonly partitionCount: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface EndWaits {
  /** Resolves when `partitionCount` partitions have reported the end of (sensor, run). */
  add(sensor: string, run: string, partitionCount: number): Promise<void>
  /** Looks now, without waiting for the next poll. */
  check(): Promise<void>
  rejectAll(error: unknown): void
}

/** Who waits for an input's end. The store is the only source, so that it works across processes. */
export function createEndWaits(rows: Pick<AlertRows, 'endedPartitions'>): EndWaits {
  let waits: readonly EndWait[] = []
  let timer: NodeJS.Timeout | null = null

  async function check(): Promise<void> {
    for (const wait of waits) {
      const ended = await rows.endedPartitions(wait.sensor, wait.run)
      if (ended < wait.partitionCount) continue
      waits = waits.filter((other) => other !== wait)
      wait.resolve()
    }
  }

  function rejectAll(error: unknown): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const rejected = waits
    waits = []
    for (const wait of rejected) wait.reject(error)
  }

  function poll(): void {
    timer = null
    check().then(arm, rejectAll)
  }

  function arm(): void {
    if (timer === null && waits.length > 0) timer = setTimeout(poll, endPollMs)
  }

  return {
    check,
    rejectAll,
    add: (sensor, run, partitionCount) => {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>()
      const wait = { sensor, run, partitionCount, resolve: () => resolve(undefined), reject }
      waits = [...waits, wait]
      poll()
      return promise
    },
  }
}
