import { parseIp } from '../../../records/address.ts'
import { isWardwatchError } from '../../../records/errors.ts'
import type { Logger } from '../../../records/service.ts'
import type {
  FlowAnswer,
  FlowQuery,
  FlowStore,
  FlowStoreHealth,
  StoredFlow,
} from '../../flow-store.ts'
import { finishedDays, outOfRetention, type RetentionConfig } from '../../segment-plan.ts'
import { gapsOf } from '../../lost-messages.ts'
import type { HistoryGap, SegmentStore } from '../../segment-store.ts'
import type { ChildHost } from './child-host.ts'
import { createFlowPump } from './flow-pump.ts'
import type { HistoryRequests, OpenedHistory } from './history-requests.ts'
import { partyOf, type SentFlow } from './look-up.ts'

export interface FlowStoreConfig extends RetentionConfig {
  /** The bus keeps its offsets across restarts. */
  readonly isDurable: boolean
  /** Event time a live segment spans, in minutes. */
  readonly segmentMinutes: number
  /** Rows after which a live segment is sealed whatever its time. */
  readonly segmentRowsMax: number
  /** Wall time between two flushes. */
  readonly flushMs: number
  /** Bytes of messages that wait for a flush; more make `append` wait. */
  readonly unflushedBytesMax: number
  /** How long `append` waits for room. */
  readonly holdMs: number
  /** Wall time between two looks at what can be merged or removed. */
  readonly maintainMs: number
}

/** How long a file may take to write: a day of a large hospital is sorted on disk. */
const fileMsMax = 30 * 60_000
const gapsMax = 1_000

/**
 * The history in DuckDB and Parquet below `history/` of the host's folder, its manifest in the state store. One process
 * at a time may have the folder.
 */
export function createDuckdbFlowStore(
  config: FlowStoreConfig,
  deps: {
    readonly host: Pick<ChildHost<HistoryRequests>, 'request' | 'health'>
    readonly segments: SegmentStore
    readonly logger: Logger
  },
): FlowStore {
  const { host, segments } = deps
  const logger = deps.logger.child({ stage: 'store', part: 'history' })
  const pump = createFlowPump(config, { host, logger, open, complete })
  let isStopped = true
  const beingSealed = new Set<string>()
  let sealing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let files = { count: 0, bytes: 0 }

  /** Tells the child what belongs to the history; after each start of a child. */
  async function open(): Promise<OpenedHistory> {
    // What is being sealed for the child before must be settled: the manifest decides what the new one removes.
    await sealing
    const manifest = await segments.files()
    const opened = await host.request('historyOpen', {
      files: manifest,
      state: await segments.state(),
      mergeNumber: await segments.mergeNumber(),
      isDurable: config.isDurable,
      segmentMinutes: config.segmentMinutes,
      segmentRowsMax: config.segmentRowsMax,
    })
    const lost = manifest.filter(({ name }) => opened.lost.includes(name))
    if (lost.length > 0) {
      logger.error({ files: opened.lost }, 'history files are missing or cut short')
      await segments.commit({
        add: [],
        remove: opened.lost,
        gaps: lost.map(({ fromUs, toUs }) => lostGap(fromUs, toUs)),
      })
    }
    if (opened.removed > 0)
      logger.info({ removed: opened.removed }, 'history: left over files removed')
    if (opened.setAside.length > 0)
      logger.warn({ files: opened.setAside }, 'history: files nobody knows were set aside')
    await count()
    return opened
  }

  async function count(): Promise<void> {
    const manifest = await segments.files()
    files = { count: manifest.length, bytes: manifest.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /** Seals complete segments, one after the other, beside what goes on being appended. */
  function complete(session: string, numbers: readonly number[]): Promise<void> {
    for (const number of numbers) {
      const id = `${session}/${number}`
      if (beingSealed.has(id)) continue
      beingSealed.add(id)
      sealing = sealing
        .then(() => seal(session, number))
        // The segment stays as it is, and the next flush tells of it again.
        .catch((err: unknown) => logger.warn({ err, number }, 'segment not sealed'))
        .then(() => void beingSealed.delete(id))
    }
    return sealing
  }

  async function seal(session: string, number: number): Promise<void> {
    const slow = { timeoutMs: fileMsMax }
    const { file, gaps, state } = await host.request('historySeal', { session, number }, slow)
    const add = file === null ? [] : [file]
    await segments.commit({ add, remove: [], gaps, state })
    await host.request('historyAdopt', { session, add, remove: [], sealed: number }, slow)
    await count()
    logger.debug({ number, rows: file?.rows ?? 0 }, 'segment sealed')
  }

  async function maintain(): Promise<void> {
    const session = await pump.session()
    const work = sealing.then(async () => {
      await mergeDays(session)
      await retain(session)
      await count()
    })
    sealing = work.catch(() => undefined)
    await work
  }

  async function mergeDays(session: string): Promise<void> {
    for (const sources of finishedDays(await segments.files(), pump.newestUs())) {
      const number = await segments.reserveMerge()
      const add = await host
        .request('historyMerge', { session, sources, number }, { timeoutMs: fileMsMax })
        .catch((error: unknown) => dropDamaged(session, error))
      const remove = sources.map(({ name }) => name)
      await segments.commit({ add, remove, gaps: [] })
      await host.request(
        'historyAdopt',
        { session, add, remove, sealed: null },
        { timeoutMs: fileMsMax },
      )
      logger.info({ sources: remove.length, files: add.map(({ name }) => name) }, 'days merged')
    }
  }

  /** A damaged file leaves the history, and its time is a gap; the others are merged next time. */
  async function dropDamaged(session: string, error: unknown): Promise<never> {
    const name = isWardwatchError(error) ? error.fields['file'] : undefined
    const damaged = (await segments.files()).find((file) => file.name === name)
    if (damaged !== undefined) {
      logger.error({ file: damaged.name }, 'history file is damaged')
      const gaps = [lostGap(damaged.fromUs, damaged.toUs)]
      await segments.commit({ add: [], remove: [damaged.name], gaps })
      await host.request('historyAdopt', {
        session,
        add: [],
        remove: [damaged.name],
        sealed: null,
      })
    }
    throw error
  }

  async function retain(session: string): Promise<void> {
    const gone = outOfRetention(await segments.files(), config, pump.newestUs())
    if (gone.length === 0) return
    const remove = gone.map(({ name }) => name)
    await segments.commit({ add: [], remove, gaps: [] })
    await host.request('historyAdopt', { session, add: [], remove, sealed: null })
    logger.info({ files: remove }, 'history: files beyond retention removed')
  }

  /** A child that has ended meanwhile is met here first when nothing is being appended: then once again. */
  async function ask(query: FlowQuery): Promise<HistoryRequests['historyLookup']['response']> {
    const session = await pump.session()
    try {
      return await host.request('historyLookup', { session, query })
    } catch (error) {
      if (!isWardwatchError(error, 'DUCKDB_UNAVAILABLE')) throw error
      pump.lost(session)
      return host.request('historyLookup', { session: await pump.session(), query })
    }
  }

  return {
    start() {
      if (!isStopped) return Promise.resolve()
      isStopped = false
      pump.start()
      timer = setInterval(() => {
        maintain().catch((err: unknown) => logger.warn({ err }, 'history not maintained'))
      }, config.maintainMs)
      return Promise.resolve()
    },
    async stop() {
      if (isStopped) return
      isStopped = true
      if (timer !== null) clearInterval(timer)
      const lost = await pump.stop()
      await sealing
      // On a durable bus they are read again; in memory nobody has them any more.
      if (!config.isDurable && lost.length > 0)
        await segments.commit({ add: [], remove: [], gaps: gapsOf(lost, 'not-kept') })
    },
    position: (partition) => pump.position(partition),
    append: (batch, options) => pump.append(batch, options?.holdMs ?? config.holdMs),
    noteShed: (batches) =>
      segments.commit({ add: [], remove: [], gaps: gapsOf(batches, 'not-kept') }),
    onFlushed: (listener) => pump.onFlushed(listener),
    flush: () => pump.flush(),
    sealed: () => sealing,
    maintain,
    async lookup(query) {
      partyOf(query.device)
      if (query.peer !== undefined) partyOf(query.peer)
      return answerOf(query, await ask(query), segments)
    },
    health(): FlowStoreHealth {
      const { crashes, lastFailure } = host.health()
      const own = pump.health()
      return {
        ...own,
        state: isStopped ? 'stopped' : own.state,
        crashes,
        files: files.count,
        fileBytes: files.bytes,
        lastFailure: own.lastFailure ?? lastFailure,
      }
    },
  }
}

async function answerOf(
  { fromUs = 0, toUs = Number.MAX_SAFE_INTEGER }: FlowQuery,
  found: HistoryRequests['historyLookup']['response'],
  segments: SegmentStore,
): Promise<FlowAnswer> {
  const gaps = [...(await segments.gaps(fromUs, toUs)), ...found.gaps]
  return {
    flows: found.flows.map(flowOf),
    totals: found.totals,
    visibility: {
      fromUs: found.fromUs,
      toUs: found.toUs,
      gaps: gaps.sort((a, b) => a.fromUs - b.fromUs).slice(0, gapsMax),
    },
  }
}

function flowOf(sent: SentFlow): StoredFlow {
  return {
    ...sent,
    origIp: parseIp(sent.origIp) ?? new Uint8Array(16),
    respIp: parseIp(sent.respIp) ?? new Uint8Array(16),
    origMac: macBytes(sent.origMac),
    respMac: macBytes(sent.respMac),
  }
}

/** Six zero bytes for null, as everywhere. */
function macBytes(text: string | null): Uint8Array {
  return text === null ? new Uint8Array(6) : Buffer.from(text.replaceAll(':', ''), 'hex')
}

/** Of a file that is gone nobody knows whose records it held. */
function lostGap(fromUs: number, toUs: number): HistoryGap {
  return {
    site: '*',
    sensor: '*',
    partition: -1,
    fromUs,
    toUs: toUs + 1,
    reason: 'file-lost',
    messages: 0,
  }
}
