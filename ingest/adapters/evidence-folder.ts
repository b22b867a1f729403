import { appendFile, mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pcapHeader, pcapHeaderBytes } from '../evidence/pcap-file.ts'
import type { EvidenceFolder } from '../evidence/service.ts'

/** Ids are hashes in hex; nothing else ever becomes part of a path. */
export const anomalyIdPattern = /^[0-9a-f]{32}$/

/** Where the evidence of one sensor lies: names may hold what a path must not. */
export function evidencePath(data: string, site: string, sensor: string): string {
  return join(data, 'evidence', encodeURIComponent(`${site}.${sensor}`).replaceAll('.', '%2E'))
}

/**
 * Evidence files of one sensor, `<anomaly id>.pcap`, at most `bytesMax` together: the one that was written to longest ago
 * gives way. Calls follow one another. A process that is killed leaves at worst a cut last record, which readers count.
 */
export function createEvidenceFolder(path: string, bytesMax: number): EvidenceFolder {
  /** Sizes by id, in the order of the last write. */
  let sizes: Map<string, number> | null = null
  let total = 0

  async function open(): Promise<Map<string, number>> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const files: { id: string; size: number; mtimeMs: number }[] = []
    for (const name of await readdir(path)) {
      const id = name.replace(/[.]pcap$/, '')
      if (!anomalyIdPattern.test(id)) continue
      const { size, mtimeMs } = await stat(join(path, name))
      files.push({ id, size, mtimeMs })
    }
    files.sort((a, b) => a.mtimeMs - b.mtimeMs)
    total = files.reduce((sum, { size }) => sum + size, 0)
    return new Map(files.map(({ id, size }) => [id, size]))
  }

  async function makeRoom(known: Map<string, number>, bytes: number): Promise<void> {
    for (const [id, size] of known) {
      if (total + bytes <= bytesMax) return
      await unlink(join(path, `${id}.pcap`))
      known.delete(id)
      total -= size
    }
  }

  return {
    async append(anomalyId, records) {
      if (!anomalyIdPattern.test(anomalyId)) throw new TypeError('not the id of an anomaly')
      sizes ??= await open()
      const before = sizes.get(anomalyId) ?? 0
      const bytes = records.length + (before === 0 ? pcapHeaderBytes : 0)
      // First, so that it is not the oldest when room is made.
      sizes.delete(anomalyId)
      await makeRoom(sizes, bytes)
      const parts = before === 0 ? [pcapHeader(), records] : [records]
      await appendFile(join(path, `${anomalyId}.pcap`), Buffer.concat(parts), { mode: 0o600 })
      sizes.set(anomalyId, before + bytes)
      total += bytes
    },
  }
}
