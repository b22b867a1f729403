import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { createLossRecord, type LossRecord } from './loss-record.ts'

/** Lines of one append that have not been sent yet. */
export interface Segment {
  readonly id: number
  readonly lines: readonly string[]
}

interface File {
  readonly id: number
  bytes: number
  points: number
}

export interface SpoolConfig {
  readonly folder: string
  readonly bytesMax: number
  /** Lines of one segment, which is what is sent with one request. */
  readonly linesMax: number
}

/** Points on their way to the server, on disk: what `append` has acknowledged survives a crash, also of the machine. */
export interface Spool {
  append(lines: readonly string[]): Promise<void>
  /** The oldest segment, or null when all is sent. Only one is handed out at a time: `done` comes before the next. */
  next(): Promise<Segment | null>
  /** Removes a segment; `lost` were refused for good, and are recorded with it. */
  done(segment: Segment, lost: readonly { line: string; cause: string }[]): Promise<void>
  /** Resolves at the next append. */
  filled(): Promise<void>
  readonly waitingBytes: number
  readonly losses: LossRecord
  close(): Promise<void>
}

const suffix = '.lines'
const segmentName = /^\d{12}\.lines$/

/**
 * A queue of files of lines below `folder`, oldest first. When it holds `bytesMax`, the oldest segments go to make room
 * and each of their points is recorded as lost: the newest minutes are what an operator looks at after an outage.
 */
export async function openSpool({ folder, bytesMax, linesMax }: SpoolConfig): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const losses = await createLossRecord(folder)
  const files = await existing(folder)
  // A segment that was recorded as lost, or whose losses were, goes before its number is used again.
  let lastId = Math.max(losses.lastSegment, ...files.map(({ id }) => id))
  let writing: { file: File; handle: FileHandle } | null = null
  let taken: number | null = null
  let tail: Promise<unknown> = Promise.resolve()
  let filled = Promise.withResolvers<undefined>()
  const pathOf = (id: number) => join(folder, `${String(id).padStart(12, '0')}${suffix}`)
  const sum = () => files.reduce((bytes, file) => bytes + file.bytes, 0)
  let waitingBytes = sum()

  /** One call after the other: an append must not meet the removal of what it writes to. */
  function serial<T>(call: () => Promise<T>): Promise<T> {
    const result = tail.then(call)
    tail = result.catch(() => undefined)
    return result
  }

  async function seal(): Promise<void> {
    await writing?.handle.close()
    writing = null
  }

  async function openNext(): Promise<{ file: File; handle: FileHandle }> {
    const file: File = { id: ++lastId, bytes: 0, points: 0 }
    const handle = await open(pathOf(file.id), 'a', 0o600)
    files.push(file)
    return { file, handle }
  }

  async function remove(id: number): Promise<void> {
    if (writing?.file.id === id) await seal()
    await rm(pathOf(id), { force: true })
    const at = files.findIndex((file) => file.id === id)
    if (at >= 0) files.splice(at, 1)
    waitingBytes = sum()
  }

  /** The segment being sent stays: it may be in the store already. */
  async function makeRoom(bytes: number): Promise<void> {
    while (waitingBytes + bytes > bytesMax) {
      const oldest = files.find((file) => file.id !== taken)
      if (oldest === undefined) return
      const lines = await readLines(pathOf(oldest.id))
      await losses.add(
        oldest.id,
        lines.map((line) => ({ line, cause: 'spool-full' })),
      )
      await remove(oldest.id)
    }
  }

  async function appendSome(lines: readonly string[]): Promise<void> {
    const text = `${lines.join('\n')}\n`
    const bytes = Buffer.byteLength(text)
    await makeRoom(bytes)
    if (writing !== null && writing.file.points + lines.length > linesMax) await seal()
    writing ??= await openNext()
    const { file, handle } = writing
    try {
      await handle.appendFile(text)
      await handle.datasync()
    } catch (error) {
      // What has been written of it may end within a line: nothing is added behind that.
      await seal()
      throw error
    }
    file.bytes += bytes
    file.points += lines.length
    waitingBytes += bytes
  }

  return {
    append: (lines) =>
      serial(async () => {
        for (let at = 0; at < lines.length; at += linesMax)
          await appendSome(lines.slice(at, at + linesMax))
        filled.resolve(undefined)
        filled = Promise.withResolvers()
      }),
    next: () =>
      serial(async () => {
        const file = files[0]
        if (file === undefined) return null
        if (writing?.file === file) await seal()
        taken = file.id
        return { id: file.id, lines: await readLines(pathOf(file.id)) }
      }),
    done: ({ id }, lost) =>
      serial(async () => {
        await losses.add(id, lost)
        await remove(id)
        taken = null
      }),
    filled: () => filled.promise,
    get waitingBytes() {
      return waitingBytes
    },
    losses,
    close: () => serial(seal),
  }
}

async function existing(folder: string): Promise<File[]> {
  const names = (await readdir(folder)).filter((name) => segmentName.test(name)).sort()
  const files: File[] = []
  for (const name of names) {
    const path = join(folder, name)
    const text = await readFile(path)
    // A crash may have cut the last line: its append was never acknowledged, so it will be written again.
    const whole = text.lastIndexOf(0x0a) + 1
    if (whole < text.length) await truncate(path, whole)
    const id = Number(name.slice(0, -suffix.length))
    files.push({
      id,
      bytes: whole,
      points: text.subarray(0, whole).filter((b) => b === 0x0a).length,
    })
  }
  return files
}

async function readLines(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n')
  // After the last newline there is nothing, or what a failed append has left.
  lines.pop()
  return lines
}
