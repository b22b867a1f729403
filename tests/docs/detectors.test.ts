import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { detectors } from '../../analyzer/detectors/index.ts'
import { thresholdTable } from './configuration-page.ts'
import { thresholds } from './configuration-schema.ts'
import { read, root, table, withTable } from './generated.ts'

const pageOf = (behaviour: string) => `docs/detectors/${behaviour}.md`

describe('the page of a detector', () => {
  test.each([...thresholds])(
    '%s tells every threshold with unit and the defaults in force',
    async (behaviour, listed) => {
      const page = withTable(read(pageOf(behaviour)), 'threshold', thresholdTable(listed))
      await expect(page).toMatchFileSnapshot(join(root, pageOf(behaviour)))
    },
  )
})

describe('the index of the detectors', () => {
  test('lists each with its owner, its needs and its techniques', async () => {
    const rows = detectors.map(({ behaviour, title, view, needs, attack }) => [
      `[\`${behaviour}\`](${behaviour}.md)`,
      title,
      view,
      [
        needs.history === 'baseline' ? 'baseline' : '',
        needs.bothDirections ? 'both directions' : '',
        needs.payload ? 'payload' : '',
      ]
        .filter((need) => need !== '')
        .join(', ') || 'nothing',
      attack.join(', '),
    ])
    const head = ['behaviour', 'title', 'owner', 'needs', 'ATT&CK']
    const index = 'docs/detectors/README.md'
    const page = withTable(read(index), 'behaviour', table(head, rows))
    await expect(page).toMatchFileSnapshot(join(root, index))
  })

  test.each(detectors.map(({ behaviour }) => behaviour))('leads to the page of %s', (behaviour) => {
    expect(existsSync(join(root, pageOf(behaviour)))).toBe(true)
  })
})
