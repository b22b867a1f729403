import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { read, root, table, withTable } from './generated.ts'

const folder = 'docs/decisions'
const records = readdirSync(join(root, folder))
  .filter((file) => /^\d{4}-/.test(file))
  .sort()

const packages = z.record(z.string(), z.string()).default({})
const manifestSchema = z.object({
  dependencies: packages,
  devDependencies: packages,
  optionalDependencies: packages,
})

/** What the record says after "Status:", up to the full stop. */
function statusOf(page: string): string | undefined {
  return /^Status: ([^.\n]+)/m.exec(page)?.[1]
}

describe('the decisions', () => {
  test('are numbered without a gap', () => {
    expect(records.map((file) => Number(file.slice(0, 4)))).toEqual(
      records.map((_, index) => index + 1),
    )
  })

  test('are listed with title and status', async () => {
    const rows = records.map((file) => {
      const page = read(`${folder}/${file}`)
      const title = /^# \d{4}[.:]? (.+)$/m.exec(page)?.[1] ?? 'untitled'
      return [`[${file.slice(0, 4)}](${file})`, title, statusOf(page) ?? 'none']
    })
    const index = `${folder}/README.md`
    const page = withTable(read(index), 'record', table(['record', 'title', 'status'], rows))
    await expect(page).toMatchFileSnapshot(join(root, index))
  })

  test.each(records)('%s has a status, a context, a decision and what follows from it', (file) => {
    const page = read(`${folder}/${file}`)
    expect(statusOf(page)).toMatch(/^(accepted|proposed|superseded by \d{4})$/)
    const headings = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1])
    expect(headings).toEqual(expect.arrayContaining(['Context', 'Decision', 'Consequences']))
  })
})

describe('the record of the dependencies', () => {
  test('names every package of package.json and no other', () => {
    const manifest = manifestSchema.parse(JSON.parse(read('package.json')))
    const used = Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })
    const cells = read(`${folder}/0001-dependencies.md`).matchAll(/^\| (`.+?) \|/gm)
    const named = [...cells].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
    )
    expect(named.toSorted()).toEqual(used.toSorted())
  })
})
