import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { detectors } from '../analyzer/detectors/index.ts'
import { protocolDecoders } from '../ingest/protocols/index.ts'
import { behaviours } from '../records/anomaly.ts'
import { errorCodes } from '../records/errors.ts'
import { summaryServices } from '../records/summary-batch.ts'
import { scaffold } from '../scripts/new-detector.mjs'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const names = readdirSync(join(root, 'analyzer/detectors'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'index')
const filesBelow = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)
const stages = ['ingest', 'bus', 'store', 'analyzer', 'alerts', 'inventory', 'dashboard', 'app']
const sources = stages.flatMap((stage) => filesBelow(stage, '.ts'))
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].concat(
  filesBelow('docs', '.md'),
)

describe('each detector', () => {
  test.each(names)(
    '%s has a test, a page and a line in the index, and a name among the behaviours',
    (name) => {
      expect(existsSync(join(root, `tests/analyzer/detectors/${name}.test.ts`))).toBe(true)
      expect(existsSync(join(root, `docs/detectors/${name}.md`))).toBe(true)
      expect(detectors.map((detector) => detector.behaviour)).toContain(name)
      expect(behaviours).toContain(name)
    },
  )

  test('is listed once, in the order of names', () => {
    const listed = detectors.map((detector) => detector.behaviour)
    expect(listed).toEqual([...new Set(listed)].sort())
    expect(new Set<string>(listed)).toEqual(new Set(names))
  })

  test.each(names)(
    '%s has a page that tells why it matters, causes of false alarms, and what to do',
    (name) => {
      const page = read(`docs/detectors/${name}.md`)
      const parts = [
        /notices/i,
        /near a medical device/i,
        /needs/i,
        /false positives/i,
        /what to do/i,
      ]
      expect(parts.filter((part) => !part.test(page))).toEqual([])
    },
  )

  test.each(detectors.map((detector) => [detector.behaviour, detector] as const))(
    '%s names its ATT&CK techniques on its page',
    (name, detector) => {
      const page = read(`docs/detectors/${name}.md`)
      expect(detector.attack.filter((technique) => !page.includes(technique))).toEqual([])
    },
  )
})

describe('the pages', () => {
  test('tell the remedy of every error code, and of no other', () => {
    const told = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      (match) => match[1],
    )
    expect(told).toEqual([...errorCodes])
  })

  test('tell of no error that nothing raises', () => {
    const text = sources.map(read).join('\n')
    expect(errorCodes.filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })

  test.each(pages)('that %s links to are there', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1]!,
    )
    const folder = join(root, page, '..')
    expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([])
  })

  test('keep the changes that are not released yet apart', () => {
    const headings = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map((match) => match[1])
    expect(headings[0]).toBe('Unreleased')
  })
})

describe('each decoder', () => {
  const decoded = [...new Set(protocolDecoders.map((decoder) => decoder.service))]

  test.each(decoded)('of %s has a test and a page that its index links to', (service) => {
    expect(existsSync(join(root, `tests/ingest/protocols/${service}.test.ts`))).toBe(true)
    expect(existsSync(join(root, `docs/formats/${service}.md`))).toBe(true)
    expect(read('docs/formats/README.md')).toContain(`](${service}.md)`)
  })

  test('tells a service that summaries know', () => {
    expect(new Set<string>([...decoded, 'arp', 'ndp'])).toEqual(new Set(summaryServices))
  })
})

describe('npm run new:detector', () => {
  const made = scaffold('dns-tunnel')

  test('makes the detector, its test and its page', () => {
    expect(Object.keys(made.files)).toEqual([
      'analyzer/detectors/dns-tunnel.ts',
      'tests/analyzer/detectors/dns-tunnel.test.ts',
      'docs/detectors/dns-tunnel.md',
    ])
    expect(made.files['analyzer/detectors/dns-tunnel.ts']).toContain("behaviour: 'dns-tunnel'")
  })

  test('adds a line to the index where the alphabet wants it', () => {
    const lines = made.addToIndex(read('analyzer/detectors/index.ts')).split('\n')
    const imports = lines.filter((line) => line.includes("from './"))
    const entries = lines.filter((line) => /^ {2}\w+,$/.test(line))
    expect(imports).toContain("import { dnsTunnel } from './dns-tunnel.ts'")
    expect(entries).toContain('  dnsTunnel,')
    expect(imports.map((line) => line.split("'")[1])).toEqual(
      imports.map((line) => line.split("'")[1]).sort(),
    )
    expect(entries).toEqual([...entries].sort())
    expect(entries).toHaveLength(detectors.length + 1)
  })

  test('adds the name to the behaviours and touches nothing else', () => {
    const before = read('records/anomaly.ts')
    const after = made.addToBehaviours(before)
    expect(after.replace("  'dns-tunnel',\n", '')).toBe(before)
    expect(after).not.toBe(before)
  })
})
