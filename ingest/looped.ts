import type { PacketBlock, Source } from './source.ts'

export interface LoopOptions {
  /** Passes over the input; Infinity: for ever. */
  readonly passes: number
  /** Event time between the last packet of a pass and the first of the next, in µs. */
  readonly gapUs: number
}

/**
 * A finite source played again and again: each pass is shifted by the length of what came before and a gap, so that event
 * time never goes back. `open` gives a fresh source for each pass.
 */
export function createLoopedSource(open: () => Source, options: LoopOptions): Source {
  const rejects = new Map<string, number>()
  const first = open()
  let current: Source = first
  /** Whether the rejects of `current` are among the finished ones. */
  let isFinished = false
  const finished = new Map<string, number>()

  async function* blocks(): AsyncGenerator<PacketBlock, void, undefined> {
    let shiftUs = 0
    for (let pass = 0; pass < options.passes; pass++) {
      current = pass === 0 ? first : open()
      isFinished = false
      let [startUs, lastUs] = [Infinity, -Infinity]
      for await (const block of current.blocks()) {
        for (let row = 0; row < block.count; row++) {
          const timeUs = block.timeUs[row]!
          if (timeUs < startUs) startUs = timeUs
          if (timeUs > lastUs) lastUs = timeUs
          block.timeUs[row] = timeUs + shiftUs
        }
        yield block
      }
      addTo(finished, current.rejects)
      isFinished = true
      // Nothing to play: to go on would spin without ever yielding.
      if (lastUs === -Infinity) return
      shiftUs += lastUs - startUs + options.gapUs
    }
  }

  return {
    name: first.name,
    blocks,
    get rejects() {
      rejects.clear()
      addTo(rejects, finished)
      if (!isFinished) addTo(rejects, current.rejects)
      return rejects
    },
    progress: () => (options.passes === Infinity ? null : current.progress()),
  }
}

function addTo(sums: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [cause, count] of more) sums.set(cause, (sums.get(cause) ?? 0) + count)
}
