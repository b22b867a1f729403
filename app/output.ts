import { once } from 'node:events'

/** Standard output for results: waits when the reader is slow, ends quietly when it has gone away (`| head`). */
export async function writeLine(line: string): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return
  await once(process.stdout, 'drain')
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

/** A progress line on standard error, on a terminal only. Call it with null to clear it. */
export function showProgress(what: string, share: number | null): void {
  if (!process.stderr.isTTY) return
  const width = 24
  const filled = Math.round((share ?? 0) * width)
  const bar =
    share === null
      ? ''
      : `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${Math.round(share * 100)} %`
  process.stderr.write(`\r\u001b[K${what} ${bar}`)
}

export function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

/** Control, format and unassigned characters, and the line ends of Unicode: what a terminal may act upon. */
const unprintable = /[\p{C}\u2028\u2029]/gu

/** Text that a terminal shows and does not obey: names of files and devices may be chosen by others. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd')
}
