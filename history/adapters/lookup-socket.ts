import { chmodSync, closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import {
  type ErrorCode,
  errorCodes,
  isWardwatchError,
  WardwatchError,
} from '../../records/errors.ts'
import type { Logger, Service } from '../../records/service.ts'
import type { FlowAnswer, FlowLookup, FlowQuery } from '../../store/flow-store.ts'
import { type AnswerJson, answerFromJson, answerToJson, flowQuerySchema } from '../answer-codec.ts'

// A Unix socket in the data folder: who may read the folder may ask, nobody else, and no password is needed. One line
// of JSON each way, then the connection ends.

const fileName = 'history.sock'
const lineBytesMax = 64 * 1024 * 1024
const questionBytesMax = 4096
/** Questions under way at the same time; more are refused. */
const questionsMax = 8
/** A Unix socket's path is at most 107 bytes (sun_path, unix(7)). */
const pathBytesMax = 107

type Reply =
  | { readonly answer: AnswerJson }
  | {
      readonly error: {
        readonly code: string
        readonly message: string
        readonly retryable: boolean
      }
    }

/** Answers whoever may open the folder of the history, for as long as this process owns it. */
export function createLookupSocket(
  dataFolder: string,
  deps: { readonly lookup: FlowLookup; readonly logger: Logger },
): Service {
  const logger = deps.logger.child({ stage: 'history', part: 'socket' })
  const open = new Set<Socket>()
  let server: Server | null = null

  async function answer(line: string): Promise<Reply> {
    try {
      const query = flowQuerySchema.parse(JSON.parse(line))
      return { answer: answerToJson(await deps.lookup(query)) }
    } catch (error) {
      if (isWardwatchError(error)) {
        const { code, message, retryable } = error
        return { error: { code, message, retryable } }
      }
      logger.warn({ err: error }, 'question refused')
      return { error: { code: 'BAD_USAGE', message: 'not a question', retryable: false } }
    }
  }

  function serve(socket: Socket): void {
    if (open.size >= questionsMax) {
      socket.destroy()
      return
    }
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
    void readLine(socket, questionBytesMax)
      .then(answer, () => null)
      .then((reply) =>
        reply === null ? socket.destroy() : socket.end(`${JSON.stringify(reply)}\n`),
      )
  }

  return {
    async start() {
      if (server !== null) return
      const path = join(dataFolder, fileName)
      const owner = existsSync(path) ? await connect(path) : null
      owner?.destroy()
      if (owner !== null) {
        throw new WardwatchError(
          'DUCKDB_UNAVAILABLE',
          `another process keeps the history in ${dataFolder}: stop it, or name another folder`,
        )
      }
      rmSync(path, { force: true })
      const listening = Promise.withResolvers<undefined>()
      server = createServer(serve)
      server.on('error', listening.reject)
      await reach(path, (reachable) => {
        server?.listen(reachable, () => listening.resolve(undefined))
        return listening.promise
      })
      chmodSync(path, 0o600)
    },
    async stop() {
      const stopping = server
      server = null
      if (stopping === null) return
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => stopping.close(resolve))
      rmSync(join(dataFolder, fileName), { force: true })
    },
  }
}

/**
 * Asks the process that owns the folder.
 * @returns null when none does.
 * @throws WardwatchError what the owner rejected with; DUCKDB_UNAVAILABLE when it ended meanwhile.
 */
export async function askOwner(dataFolder: string, query: FlowQuery): Promise<FlowAnswer | null> {
  const path = join(dataFolder, fileName)
  if (!existsSync(path)) return null
  const socket = await connect(path)
  if (socket === null) return null
  try {
    socket.write(`${JSON.stringify(query)}\n`)
    const reply = JSON.parse(await readLine(socket, lineBytesMax)) as Reply
    if ('answer' in reply) return answerFromJson(reply.answer)
    const { code, message, retryable } = reply.error
    const known = errorCodes.find((one): one is ErrorCode => one === code) ?? 'DUCKDB_FAILED'
    throw new WardwatchError(known, message, { retryable })
  } finally {
    socket.destroy()
  }
}

/** Null when nobody listens: a socket file outlives a process that was killed. */
async function connect(path: string): Promise<Socket | null> {
  const connected = Promise.withResolvers<Socket | null>()
  await reach(path, (reachable) => {
    const socket = createConnection(reachable)
    socket.once('connect', () => connected.resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') connected.resolve(null)
      else connected.reject(new WardwatchError('DUCKDB_UNAVAILABLE', `${path}: ${error.message}`))
    })
    return connected.promise
  })
  return connected.promise
}

/** Calls `use` with a path that is short enough: of a long one, the folder is named by its descriptor. */
async function reach<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= pathBytesMax) return use(path)
  const folder = openSync(dirname(path), 'r')
  try {
    return await use(`/proc/self/fd/${folder}/${fileName}`)
  } finally {
    closeSync(folder)
  }
}

/** @throws WardwatchError DUCKDB_UNAVAILABLE when the line is too long or the other side ends before it does. */
function readLine(socket: Socket, bytesMax: number): Promise<string> {
  const line = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  let length = 0
  const broken = (why: string) => () =>
    line.reject(
      new WardwatchError('DUCKDB_UNAVAILABLE', `history socket: ${why}`, { retryable: true }),
    )
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > bytesMax) broken('line too long')()
    else if (chunk.includes(10)) line.resolve(Buffer.concat(chunks).toString('utf8').trimEnd())
  })
  socket.on('end', broken('ended')).on('close', broken('closed')).on('error', broken('failed'))
  return line.promise
}
