import { appendFile, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { SeriesLosses } from '../../series-store.ts'

const stateSchema = z.object({
  /** Newest last; the older ones are gone from the disk and cannot be handled again. */
  segments: z.array(z.number().int()),
  byCause: z.record(z.string(), z.number().int().min(0)),
})

const segmentsMax = 100

/** Bytes of lost points kept word for word; then the file becomes `.1`, and the `.1` before goes. */
const wordsBytesMax = 16 * 1024 * 1024

/** What was lost on the way to the server: how much, why, and the points themselves. */
export interface LossRecord {
  /** Highest segment whose losses are counted, or 0. */
  readonly lastSegment: number
  totals(): SeriesLosses
  /** Counts a segment once, also when it is handled again after a crash. */
  add(segment: number, lost: readonly { line: string; cause: string }[]): Promise<void>
}

/**
 * `losses.json` holds the counts; `lost.lines` holds each lost point as a line behind a comment with its cause, so that
 * what was lost can be read, and written again by hand.
 */
export async function createLossRecord(folder: string): Promise<LossRecord> {
  const file = join(folder, 'losses.json')
  const words = join(folder, 'lost.lines')
  let state = await load(file)

  async function keepWords(lost: readonly { line: string; cause: string }[]): Promise<void> {
    let text = ''
    let cause = ''
    for (const one of lost) {
      if (one.cause !== cause) text += `# ${one.cause.replaceAll(/\s+/g, ' ')}\n`
      cause = one.cause
      text += `${one.line}\n`
    }
    const size = await stat(words).then(
      (found) => found.size,
      () => 0,
    )
    if (size > 0 && size + text.length > wordsBytesMax) await rename(words, `${words}.1`)
    await appendFile(words, text.slice(0, wordsBytesMax), { mode: 0o600 })
  }

  return {
    get lastSegment() {
      return Math.max(0, ...state.segments)
    },
    totals() {
      const points = Object.values(state.byCause).reduce((sum, count) => sum + count, 0)
      return { points, byCause: { ...state.byCause } }
    },
    async add(segment, lost) {
      if (lost.length === 0 || state.segments.includes(segment)) return
      await keepWords(lost)
      const byCause = { ...state.byCause }
      for (const { cause } of lost) byCause[kindOf(cause)] = (byCause[kindOf(cause)] ?? 0) + 1
      state = { segments: [...state.segments, segment].slice(-segmentsMax), byCause }
      await replace(file, JSON.stringify(state))
    },
  }
}

/** A cause is counted by its first word or words before a colon: the rest names values, which are many. */
function kindOf(cause: string): string {
  return cause.split(':')[0]!
}

async function load(file: string): Promise<z.infer<typeof stateSchema>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { segments: [], byCause: {} }
    throw error
  }
  return stateSchema.parse(JSON.parse(text))
}

/** The old content or the new, whatever happens meanwhile. */
async function replace(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}
