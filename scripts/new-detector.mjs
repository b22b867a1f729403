// `npm run new:detector NAME`: makes a detector, its test, its page and its line in the index, ready to be filled in.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the four files are called and hold. Exported for its test. */
export function scaffold(name) {
  const id = name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase())
  const title = name[0].toUpperCase() + name.slice(1).replaceAll('-', ' ')
  return {
    files: {
      [`analyzer/detectors/${name}.ts`]: detectorSource(name, id, title),
      [`tests/analyzer/detectors/${name}.test.ts`]: testSource(name, id),
      [`docs/detectors/${name}.md`]: page(name),
    },
    addToIndex: (index) => addToIndex(index, name, id),
    addToBehaviours: (source) => addToBehaviours(source, name),
  }
}

function detectorSource(name, id, title) {
  return `import { z } from 'zod'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'

const thresholds = z.strictObject({
  contactsMin: z.int().min(1).describe('first contacts of one host that make a finding'),
  score: z
    .number()
    .min(0)
    .max(1)
    .describe('weight of the behaviour: medium from 0.6, high from 0.75'),
})
type Thresholds = z.output<typeof thresholds>

const usual = { contactsMin: 1000, score: 0.3 }

/** Say here, in one sentence, what it notices. */
export const ${id} = defineDetector({
  behaviour: '${name}',
  title: '${title}',
  attack: [],
  view: 'originator',
  needs: { bothDirections: false, payload: false, history: 'none' },
  config: perClass(thresholds, { unknown: usual, medical: usual, server: usual, scanner: usual }),
  create: (config) => ({
    onFlows(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (batch.isFirst[row] === 0 || batch.isOrig[row] === 0) continue
        onContact(limits, batch, row, host, out)
      }
    },
  }),
})

interface State {
  contacts: number
  oldestUs: number
}

const section: Section<State> = {
  name: '${name}',
  version: 1,
  create: () => ({ contacts: 0, oldestUs: NaN }),
}

function onContact(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const key = textAt(batch.peer, row)
  if (key === null) return
  const state = host.section(section)
  const timeUs = batch.timeUs[row]!
  if (state.contacts === 0) state.oldestUs = timeUs
  state.contacts++
  if (state.contacts !== limits.contactsMin) return
  out.report({
    objectGroup: key,
    score: limits.score,
    oldestUs: state.oldestUs,
    timeUs,
    count: state.contacts,
    summary: \`\${host.declared.name ?? host.address ?? host.key} made \${state.contacts} contacts.\`,
    why: {
      contacts: state.contacts,
      contactsMin: limits.contactsMin,
      deviceClass: host.declared.deviceClass,
    },
    peers: [],
  })
}
`
}

function testSource(name, id) {
  return `import { describe, expect, test } from 'vitest'
import { ${id} } from '../../../analyzer/detectors/${name}.ts'
import { harness } from '../../support/detector-harness.ts'

const contacts = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ at, orig: '10.60.1.66', resp: '10.60.1.20' }))

describe('${name}', () => {
  test.each([
    [999, 0],
    [1000, 1],
  ])('turns %i contacts into %i findings', (count, findings) => {
    const h = harness(${id})
    for (const contact of contacts(count)) h.flow(contact)
    expect(h.end()).toHaveLength(findings)
  })
})
`
}

function page(name) {
  return `# ${name}

**What it notices.** Whose view it judges and why; what counts, what does not; when it reports.

**Why that matters near a medical device.** With the ATT&CK technique.

**What it needs.** Both directions? Payload? A baseline?

## Thresholds

| threshold | unknown | medical | server | scanner | meaning |
|---|---|---|---|---|---|
| \`contactsMin\` | 1000 | 1000 | 1000 | 1000 | first contacts of one host that make a finding |
| \`score\` | 0.3 | 0.3 | 0.3 | 0.3 | weight of the behaviour: medium from 0.6, high from 0.75 |

## Known false positives

## What to do
`
}

/** Adds the import and the entry, each in its alphabetical place. */
function addToIndex(index, name, id) {
  const lines = index.split('\n')
  insertSorted(
    lines,
    /^import \{ \w+ \} from '\.\/(.+)\.ts'$/,
    `import { ${id} } from './${name}.ts'`,
    name,
  )
  insertSorted(lines, /^ {2}(\w+),$/, `  ${id},`, id)
  return lines.join('\n')
}

function addToBehaviours(source, name) {
  const lines = source.split('\n')
  const from = lines.findIndex((line) => line.startsWith('export const behaviours = ['))
  const to = lines.findIndex((line, index) => index > from && line.startsWith(']'))
  const list = lines.slice(from + 1, to)
  insertSorted(list, /^ {2}'(.+)',$/, `  '${name}',`, name)
  return [...lines.slice(0, from + 1), ...list, ...lines.slice(to)].join('\n')
}

function insertSorted(lines, pattern, line, word) {
  const before = lines.findIndex((other) => (pattern.exec(other)?.[1] ?? '') > word)
  const last = lines.findLastIndex((other) => pattern.test(other))
  lines.splice(before === -1 ? last + 1 : before, 0, line)
}

function main(name) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  if (name === undefined || !/^[a-z]+(-[a-z]+)*$/.test(name)) {
    process.stderr.write('usage: npm run new:detector NAME, where NAME is like port-scan\n')
    return 2
  }
  const { files, addToIndex, addToBehaviours } = scaffold(name)
  const taken = Object.keys(files).find((file) => existsSync(join(root, file)))
  if (taken !== undefined) {
    process.stderr.write(`${taken} is already there\n`)
    return 1
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text)
  for (const [file, change] of [
    ['analyzer/detectors/index.ts', addToIndex],
    ['records/anomaly.ts', addToBehaviours],
  ]) {
    const text = readFileSync(join(root, file), 'utf8')
    if (!text.includes(`'${name}'`) && !text.includes(`/${name}.ts'`))
      writeFileSync(join(root, file), change(text))
  }
  process.stdout.write(
    `${Object.keys(files).join('\n')}\nanalyzer/detectors/index.ts\nrecords/anomaly.ts\n` +
      'npm run check now names what else must know the behaviour.\n',
  )
  return 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv[2])
