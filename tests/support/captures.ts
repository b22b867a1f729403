import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** One line of the manifest that stands beside the captures. */
export interface CaptureEntry {
  /** Path below the captures folder, `formats/dhcp-nanosecond.pcap`. */
  readonly file: string
  /** Counted by an independent tool; null for what is no capture. */
  readonly packets: number | null
  readonly linkType: string
  /** What is in it, and what is true of it. */
  readonly note: string
}

/** Folder of the shared captures: WARDWATCH_CAPTURES, or beside the project. Throws when there is none. */
export function capturesFolder(): string {
  const folder = resolve(
    process.env['WARDWATCH_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/data/captures'),
  )
  if (!existsSync(folder))
    throw new Error(`no captures in ${folder}: set WARDWATCH_CAPTURES to their folder`)
  return folder
}

/** Every file of the folder that the manifest names, in its order. */
export function manifest(): CaptureEntry[] {
  const lines = readFileSync(join(capturesFolder(), '../MANIFEST.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
  const columns = lines[0]!.split('\t')
  const at = (name: string) => columns.indexOf(name)
  const [file, packets, linkType] = [at('file'), at('packets'), at('link type')]
  return lines.slice(1).map((line) => {
    const fields = line.split('\t')
    const count = fields[packets] ?? '-'
    return {
      file: fields[file]!.replace(/^captures\//, ''),
      packets: /^\d+$/.test(count) ? Number(count) : null,
      linkType: fields[linkType] ?? '',
      note: fields.at(-1) ?? '',
    }
  })
}
