import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type Manifest, manifestName } from './manifest.ts'
import { blockBytes, paddingOf, tarHeader } from './tar.ts'

const chunkBytes = 1 << 20

export interface ArchiveWriter {
  /** Copies a file as it is now, no further than the length it has at the beginning. @returns its SHA-256, in hex */
  add(name: string, path: string): Promise<string>
  addText(name: string, text: string): Promise<void>
  /** Writes the manifest and makes everything safe on disk. @returns how many files, and the manifest's SHA-256 in hex */
  end(
    rest: Omit<Manifest, 'files' | 'format' | 'version'>,
  ): Promise<{ readonly files: number; readonly sha256: string }>
  close(): Promise<void>
}

/** A new file that only this user can read; fails when there is one. */
export async function createArchive(path: string, mtimeSeconds: number): Promise<ArchiveWriter> {
  const archive = await open(path, 'wx', 0o600)
  const files: Manifest['files'] = []

  async function addBytes(name: string, bytes: Uint8Array): Promise<string> {
    await archive.writeFile(tarHeader({ name, bytes: bytes.length }, mtimeSeconds))
    await archive.writeFile(bytes)
    await archive.writeFile(new Uint8Array(paddingOf(bytes.length)))
    return createHash('sha256').update(bytes).digest('hex')
  }

  return {
    async add(name, path) {
      const file = await open(path, 'r')
      try {
        const { size } = await file.stat()
        await archive.writeFile(tarHeader({ name, bytes: size }, mtimeSeconds))
        const sha256 = await copy(file, archive, size)
        await archive.writeFile(new Uint8Array(paddingOf(size)))
        files.push({ name, bytes: size, sha256 })
        return sha256
      } finally {
        await file.close()
      }
    },
    async addText(name, text) {
      const bytes = Buffer.from(text)
      files.push({ name, bytes: bytes.length, sha256: await addBytes(name, bytes) })
    },
    async end(rest) {
      const manifest: Manifest = { format: 'wardwatch-backup', version: 1, ...rest, files }
      const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
      const sha256 = await addBytes(manifestName, text)
      await archive.writeFile(new Uint8Array(2 * blockBytes))
      await archive.sync()
      return { files: files.length, sha256 }
    },
    close: () => archive.close(),
  }
}

/** @returns SHA-256 of what was copied. @throws Error when the file has become shorter meanwhile */
async function copy(from: FileHandle, to: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(Math.min(chunkBytes, Math.max(1, bytes)))
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, bytes - done), done)
    if (bytesRead === 0) throw new Error('the file became shorter while it was copied')
    const chunk = buffer.subarray(0, bytesRead)
    hash.update(chunk)
    await to.writeFile(chunk)
    done += bytesRead
  }
  return hash.digest('hex')
}
