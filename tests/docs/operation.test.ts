import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { metrics } from '../../app/operation/metrics/index.ts'
import { read, root, table, withTable } from './generated.ts'

const page = 'docs/operation.md'

describe('docs/operation.md', () => {
  test('lists every metric with its meaning', async () => {
    const rows = metrics.map(({ name, kind, labels, help }) => [
      `\`${name}\``,
      kind,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ])
    const text = withTable(
      read(page),
      'metric',
      table(['metric', 'kind', 'labels', 'meaning'], rows),
    )
    await expect(text).toMatchFileSnapshot(join(root, page))
  })

  test('names no metric that does not exist', () => {
    const named = [...read(page).matchAll(/wardwatch_[a-z_]+/g)].map(([name]) => name)
    const known = new Set(metrics.map(({ name }) => name))
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})
