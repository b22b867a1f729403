import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { WardwatchError } from '../../records/errors.ts'
import { isSafeName, type Manifest, manifestName, manifestSchema } from './manifest.ts'
import { blockBytes, paddingOf, readTarHeader } from './tar.ts'

/** Most bytes of a manifest: some 100,000 files. */
const manifestBytesMax = 16 << 20

/** Takes the files of an archive, one after the other. */
export interface ArchiveTaker {
  begin(name: string): Promise<void>
  chunk(bytes: Uint8Array): Promise<void>
  end(): Promise<void>
  /** Nothing more comes, whatever happened. */
  close(): Promise<void>
}

export interface ReadArchive {
  readonly manifest: Manifest
  /** Of the manifest itself, as `backup` printed it. */
  readonly sha256: string
}

/**
 * Reads an archive once, from the beginning to the end, and compares every file with the manifest. Only when it resolves
 * is what the taker has got what was backed up.
 * @throws WardwatchError BACKUP_DAMAGED; INPUT_NOT_FOUND when it cannot be opened.
 */
export async function readArchive(path: string, taker: ArchiveTaker | null): Promise<ReadArchive> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new WardwatchError('INPUT_NOT_FOUND', `${path}: cannot be read`, { cause })
  })
  try {
    return await readAll(path, createReader(path, file), taker)
  } finally {
    await file.close()
    await taker?.close()
  }
}

async function readAll(
  path: string,
  input: Reader,
  taker: ArchiveTaker | null,
): Promise<ReadArchive> {
  const seen = new Map<string, { readonly bytes: number; readonly sha256: string }>()
  for (;;) {
    const header = readTarHeader(await input.exactly(blockBytes))
    if (header === null) throw damaged(path, 'it ends without a manifest')
    if (typeof header === 'string') throw damaged(path, header)
    const { name, bytes } = header
    if (name === manifestName) {
      const text = await manifestBytes(path, input, bytes)
      const manifest = parseManifest(path, text)
      await input.padding(paddingOf(bytes))
      if (readTarHeader(await input.exactly(blockBytes)) !== null)
        throw damaged(path, 'something follows the manifest')
      compare(path, manifest, seen)
      return { manifest, sha256: createHash('sha256').update(text).digest('hex') }
    }
    if (!isSafeName(name) || seen.has(name)) throw damaged(path, 'a name that is not allowed')
    await taker?.begin(name)
    const hash = createHash('sha256')
    for await (const chunk of input.chunks(bytes)) {
      hash.update(chunk)
      await taker?.chunk(chunk)
    }
    await taker?.end()
    await input.padding(paddingOf(bytes))
    seen.set(name, { bytes, sha256: hash.digest('hex') })
  }
}

async function manifestBytes(path: string, input: Reader, bytes: number): Promise<Buffer> {
  if (bytes > manifestBytesMax) throw damaged(path, 'the manifest is too long')
  return input.exactly(bytes)
}

function parseManifest(path: string, bytes: Buffer): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw damaged(path, 'the manifest is none of this version', cause)
  }
}

function compare(
  path: string,
  { files }: Manifest,
  seen: ReadonlyMap<string, { readonly bytes: number; readonly sha256: string }>,
): void {
  for (const { name, bytes, sha256 } of files) {
    const found = seen.get(name)
    if (found?.bytes !== bytes || found.sha256 !== sha256)
      throw damaged(path, `${name} is missing or is not what was backed up`)
  }
  if (files.length !== seen.size) throw damaged(path, 'a file that the manifest does not name')
}

function damaged(path: string, reason: string, cause?: unknown): WardwatchError {
  return new WardwatchError('BACKUP_DAMAGED', `${path}: ${reason}`, {
    fields: { path },
    ...(cause === undefined ? {} : { cause }),
  })
}

interface Reader {
  exactly(bytes: number): Promise<Buffer>
  /** Each chunk is overwritten by the next. */
  chunks(bytes: number): AsyncIterable<Uint8Array>
  /** Zeros that fill up a block. */
  padding(bytes: number): Promise<void>
}

const chunkBytes = 1 << 20

function createReader(path: string, file: FileHandle): Reader {
  const buffer = Buffer.alloc(chunkBytes)

  async function* chunks(bytes: number): AsyncIterable<Uint8Array> {
    for (let left = bytes; left > 0;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(left, chunkBytes), null)
      if (bytesRead === 0) throw damaged(path, 'it is cut short')
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  return {
    chunks,
    async exactly(bytes) {
      const parts: Uint8Array[] = []
      for await (const chunk of chunks(bytes)) parts.push(chunk.slice())
      return Buffer.concat(parts)
    },
    async padding(bytes) {
      const filling = await this.exactly(bytes)
      if (filling.some((byte) => byte !== 0))
        throw damaged(path, 'a block is not filled with zeros')
    },
  }
}
