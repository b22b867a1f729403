import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBInstance } from '@duckdb/node-api'
import { WardwatchError } from '../../../records/errors.ts'
import { dayUs, formatTime } from '../../../records/time.ts'
import type { HistoryFile } from '../../segment-store.ts'
import {
  cleanFolder,
  dayFileName,
  historyFolder,
  removeLive,
  segmentFileName,
} from './history-folder.ts'
import type { HistoryRequests, OpenHistory } from './history-requests.ts'
import { type LiveSegments, openLiveSegments } from './live-segments.ts'
import { createLockedInstance, quoted } from './locked-instance.ts'
import { lookUp } from './look-up.ts'
import type { ChildOptions, HandlerSet } from './requests.ts'
import { checkWhole, writeSealed } from './sealed-files.ts'
import { ChildMustEnd } from './serve-parent.ts'
import { emptyState, type SegmentState } from './segment-state.ts'

interface Opened {
  readonly session: string
  readonly live: LiveSegments
  /** Sealed files, by name. */
  readonly files: Map<string, HistoryFile>
}

/** The child's side of the history: files below `history/` of the folder. Nothing is opened before `historyOpen`. */
export async function createHistoryHandlers(
  options: ChildOptions,
): Promise<HandlerSet<HistoryRequests>> {
  const folder = historyFolder(join(options.folder, 'history'))
  await mkdir(folder.path, { recursive: true })
  const instance = await createLockedInstance({ ...options, folder: folder.path })
  const reading = new Set<Promise<unknown>>()
  let opened: Opened | null = null
  let tail: Promise<unknown> = Promise.resolve()

  /** Changes of the live segments go one after the other. */
  function serial<T>(call: () => Promise<T>): Promise<T> {
    const result = tail.then(call)
    tail = result.catch(() => undefined)
    return result
  }

  /** What went wrong half-way leaves a transaction that nobody can go on with. */
  function changing<T>(session: string, call: (own: Opened) => Promise<T>): Promise<T> {
    return serial(async () => {
      const own = current(opened, session)
      try {
        return await call(own)
      } catch (error) {
        opened = null
        throw new ChildMustEnd(error)
      }
    })
  }

  /** Files in use are not removed: `drained` waits for whoever reads now. */
  function holding<T>(call: () => Promise<T>): Promise<T> {
    const result = call()
    reading.add(result)
    const done = () => reading.delete(result)
    result.then(done, done)
    return result
  }
  const drained = () => Promise.allSettled([...reading])

  async function open(request: OpenHistory): Promise<Opened & { lost: string[]; removed: number }> {
    await opened?.live.close()
    opened = null
    const before = request.state === null ? emptyState() : decodeState(request.state)
    const known = { segment: before.number, merge: request.mergeNumber }
    const cleaned = await cleanFolder(folder, request.files, known)
    const live = await openLiveSegments(instance, {
      ...request,
      folder,
      numbers: cleaned.live,
      before,
    })
    const lost = new Set(cleaned.lost)
    const files = request.files.filter(({ name }) => !lost.has(name))
    const own = {
      session: randomUUID(),
      live,
      files: new Map(files.map((file) => [file.name, file])),
    }
    opened = own
    return { ...own, lost: cleaned.lost, removed: cleaned.removed }
  }

  return {
    handlers: {
      historyOpen: (request) =>
        serial(async () => {
          const { session, live, lost, removed } = await open(request)
          return { session, positions: live.positions(), lost, removed, setAside: live.setAside }
        }),
      historyAppend: ({ session, partition, messages }) =>
        changing(session, ({ live }) => live.append(partition, messages)),
      historyFlush: ({ session }) =>
        changing(session, async ({ live }) => {
          await live.commit()
          return {
            positions: live.positions(),
            complete: live.complete().map(({ segment }) => segment.number),
            newestUs: live.current.range()?.toUs ?? null,
          }
        }),
      historySeal: ({ session, number }) =>
        holding(async () => {
          const { live } = current(opened, session)
          const complete = live.complete().find((one) => one.segment.number === number)
          if (complete === undefined) throw new Error(`segment ${number} is not complete`)
          const name = segmentFileName(number)
          const { segment, state } = complete
          const file = await withConnection(instance, (connection) =>
            writeSealed(connection, {
              select: segment.select,
              path: folder.filePath(name),
              file: { name, kind: 'segment', number },
            }),
          )
          return { file, gaps: state.gaps, state: encodeState({ ...state, gaps: [] }) }
        }),
      async historyAdopt({ session, add, remove, sealed }) {
        const gone = await changing(session, ({ live, files }) => {
          for (const file of add) files.set(file.name, file)
          for (const name of remove) files.delete(name)
          return Promise.resolve(sealed === null ? null : live.release(sealed))
        })
        // From here on the new files are what is read; the old ones go when nobody reads them any more.
        await drained()
        await gone?.close()
        if (gone !== null) await removeLive(folder, gone.number)
        for (const name of remove) await rm(folder.filePath(name), { force: true })
        return null
      },
      historyMerge: ({ session, sources, number }) =>
        holding(() => {
          current(opened, session)
          return merge(instance, { sources, number, pathOf: (name) => folder.filePath(name) })
        }),
      historyLookup: ({ session, query }) =>
        holding(async () => {
          const { live, files } = current(opened, session)
          const { fromUs = -Infinity, toUs = Infinity } = query
          const touches = (range: { fromUs: number; toUs: number } | null) =>
            range !== null && range.fromUs < toUs && range.toUs >= fromUs
          const segments = [...live.complete().map(({ segment }) => segment), live.current]
          const found = await withConnection(instance, (connection) =>
            lookUp(connection, query, {
              files: [...files.values()].filter(touches).map(({ name }) => folder.filePath(name)),
              selects: segments.filter((one) => touches(one.range())).map(({ select }) => select),
            }),
          )
          const ranges = [...files.values(), ...segments.map((one) => one.range())].filter(
            (range) => range !== null,
          )
          const gaps = [...live.complete().map(({ state }) => state), live.committed()]
          return {
            ...found,
            fromUs: ranges.length === 0 ? null : Math.min(...ranges.map((range) => range.fromUs)),
            toUs: ranges.length === 0 ? null : Math.max(...ranges.map((range) => range.toUs)),
            gaps: gaps
              .flatMap((state) => state.gaps)
              .filter((gap) => gap.fromUs < toUs && gap.toUs > fromUs),
          }
        }),
    },
    async close() {
      await tail
      await drained()
      await opened?.live.commit()
      await opened?.live.close()
      instance.closeSync()
    },
  }
}

/** @throws WardwatchError DUCKDB_UNAVAILABLE: the caller speaks to a child that is no longer. */
function current(opened: Opened | null, session: string): Opened {
  if (opened?.session === session) return opened
  throw new WardwatchError('DUCKDB_UNAVAILABLE', 'the history has been opened anew', {
    retryable: true,
  })
}

/** Rows of some files, a file a day: each source is checked first, and no row may be missing afterwards. */
async function merge(
  instance: DuckDBInstance,
  options: {
    readonly sources: readonly HistoryFile[]
    readonly number: number
    readonly pathOf: (name: string) => string
  },
): Promise<HistoryFile[]> {
  const { sources, number, pathOf } = options
  for (const file of sources) await checkWhole(pathOf(file.name), file)
  const days = new Set<number>()
  for (const { fromUs, toUs } of sources)
    for (let day = Math.floor(fromUs / dayUs); day <= Math.floor(toUs / dayUs); day++) days.add(day)
  const paths = sources.map(({ name }) => quoted(pathOf(name))).join(', ')
  const merged: HistoryFile[] = []
  await withConnection(instance, async (connection) => {
    for (const day of [...days].sort((a, b) => a - b)) {
      const name = dayFileName(formatTime(day * dayUs).slice(0, 10), number)
      const file = await writeSealed(connection, {
        select: `SELECT * FROM read_parquet([${paths}]) WHERE flowLastUs >= ${day * dayUs} AND flowLastUs < ${(day + 1) * dayUs}`,
        path: pathOf(name),
        file: { name, kind: 'day', number },
      })
      if (file !== null) merged.push(file)
    }
  })
  const rows = (files: readonly HistoryFile[]) => files.reduce((sum, file) => sum + file.rows, 0)
  if (rows(merged) !== rows(sources))
    throw new Error(`merge ${number}: ${rows(merged)} rows of ${rows(sources)}`)
  return merged
}

async function withConnection<T>(
  instance: DuckDBInstance,
  call: (connection: Awaited<ReturnType<DuckDBInstance['connect']>>) => Promise<T>,
): Promise<T> {
  const connection = await instance.connect()
  try {
    return await call(connection)
  } finally {
    connection.closeSync()
  }
}

function encodeState(state: SegmentState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state))
}

function decodeState(bytes: Uint8Array): SegmentState {
  // Written by encodeState above; it travels through the manifest unread.
  return JSON.parse(new TextDecoder().decode(bytes)) as SegmentState
}
