import { open, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Reject } from '../capture-parser.ts'
import { WardwatchError } from '../../records/errors.ts'

/** Bytes from somewhere, read into the caller's buffer. One read at a time. */
export interface ByteInput {
  /** Reads at most `length` bytes to `into[offset …]`; resolves with how many, 0 at the end. */
  read(into: Uint8Array, offset: number, length: number): Promise<number>
  /** Share read so far, 0–1; null when the end is unknown. */
  progress(): number | null
  /** Ends a read that is still waiting, too. */
  close(): Promise<void>
}

/** Bytes taken from a compressed file at a time. */
const compressedChunkBytes = 65_536

/**
 * Opens a file, a named pipe, or `stdin` for the path `-`.
 * Rejects with INPUT_NOT_FOUND or CAPTURE_UNREADABLE; the latter also from `read`.
 */
export async function openByteInput(path: string, stdin: Readable): Promise<ByteInput> {
  if (path === '-') return createStreamInput(stdin, 'standard input')
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const status = await file.stat()
    if (status.isFile()) return createFileInput(file, status.size, path)
  } catch (error) {
    await file?.close()
    throw unreadable(path, error)
  }
  // Through the handle: closing a pipe and opening it again loses what its writer wrote in between.
  return createStreamInput(file.createReadStream(), path)
}

function createFileInput(file: FileHandle, size: number, path: string): ByteInput {
  let position = 0
  return {
    async read(into, offset, length) {
      try {
        const { bytesRead } = await file.read(into, offset, length, position)
        position += bytesRead
        return bytesRead
      } catch (error) {
        throw unreadable(path, error)
      }
    },
    progress: () => (size === 0 ? 1 : Math.min(1, position / size)),
    close: () => file.close(),
  }
}

/** The bytes of a stream that is not text; its `read` rejects with CAPTURE_UNREADABLE. */
export function createStreamInput(stream: Readable, name: string): ByteInput {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<unknown, undefined>
  let chunk: Uint8Array = new Uint8Array(0)
  return {
    async read(into, offset, length) {
      while (chunk.length === 0) {
        let next: IteratorResult<unknown, undefined>
        try {
          next = await chunks.next()
        } catch (error) {
          throw unreadable(name, error)
        }
        if (next.done === true) return 0
        if (!(next.value instanceof Uint8Array))
          throw unreadable(name, new TypeError('the stream is text, not bytes'))
        chunk = next.value
      }
      const taken = chunk.subarray(0, length)
      into.set(taken, offset)
      chunk = chunk.subarray(taken.length)
      return taken.length
    },
    progress: () => null,
    close: () => {
      stream.destroy()
      return Promise.resolve()
    },
  }
}

/** The first bytes of an input, at most `count`, and an input that begins with them again. */
export async function peekBytes(
  input: ByteInput,
  count: number,
): Promise<{ first: Uint8Array; input: ByteInput }> {
  const first = new Uint8Array(count)
  let length = 0
  while (length < count) {
    const read = await input.read(first, length, count - length)
    if (read === 0) break
    length += read
  }
  let given = 0
  const again: ByteInput = {
    ...input,
    read(into, offset, wanted) {
      if (given === length) return input.read(into, offset, wanted)
      const part = first.subarray(given, Math.min(length, given + wanted))
      into.set(part, offset)
      given += part.length
      return Promise.resolve(part.length)
    },
  }
  return { first: first.subarray(0, length), input: again }
}

/**
 * The uncompressed bytes of a gzip input (RFC 1952, several members too). Works chunk by chunk, so memory stays the
 * same whatever the ratio. Damage ends the bytes and is counted, `bad-gzip` or `truncated-gzip`.
 */
export function createGunzipInput(input: ByteInput, reject: Reject): ByteInput {
  const gunzip = createGunzip({ chunkSize: compressedChunkBytes })
  const compressed = Readable.from(chunksOf(input), { objectMode: false })
  // An unreadable file must reach the reader of the other end as the error it is.
  compressed.on('error', (error) => gunzip.destroy(error))
  compressed.pipe(gunzip)
  const inner = createStreamInput(gunzip, 'gzip')
  return {
    async read(into, offset, length) {
      try {
        return await inner.read(into, offset, length)
      } catch (error) {
        const cause = gzipDamage(error)
        if (cause === null) throw rootOf(error)
        reject(cause)
        return 0
      }
    },
    progress: () => input.progress(),
    close: async () => {
      compressed.destroy()
      gunzip.destroy()
      await input.close()
    },
  }
}

async function* chunksOf(input: ByteInput): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    // A new buffer each time: the decompressor may still hold the last one.
    const chunk = new Uint8Array(compressedChunkBytes)
    const length = await input.read(chunk, 0, chunk.length)
    if (length === 0) return
    yield chunk.subarray(0, length)
  }
}

function gzipDamage(error: unknown): string | null {
  const code = codeOf(rootOf(error))
  if (code === 'Z_BUF_ERROR') return 'truncated-gzip'
  return code === 'Z_DATA_ERROR' || code === 'Z_NEED_DICT' ? 'bad-gzip' : null
}

/** The error inside the CAPTURE_UNREADABLE that the stream around the decompressor made of it, if there is one. */
function rootOf(error: unknown): unknown {
  return error instanceof WardwatchError && error.fields['path'] === 'gzip' ? error.cause : error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function unreadable(path: string, cause: unknown): WardwatchError {
  if (cause instanceof WardwatchError) return cause
  const code = codeOf(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new WardwatchError('INPUT_NOT_FOUND', `${path}: no such file`, {
      cause,
      fields: { path },
    })
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new WardwatchError('CAPTURE_UNREADABLE', `${path} cannot be read: ${reason}`, {
    cause,
    fields: { path },
  })
}
