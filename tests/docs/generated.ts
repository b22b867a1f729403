import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Text of a file of the project. */
export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/**
 * The page with one table renewed: the one whose first column is headed `column`. A test compares the result with the
 * page itself, so that the page is always true; `npx vitest run --project core tests/docs -u` writes it.
 */
export function withTable(page: string, column: string, renewed: string): string {
  const lines = page.split('\n')
  const from = lines.findIndex((line) => line.startsWith(`| ${column} |`))
  if (from < 0) throw new Error(`the page has no table whose first column is "${column}"`)
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  lines.splice(from, length, renewed)
  return lines.join('\n')
}

/** A Markdown table; bars within cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}
