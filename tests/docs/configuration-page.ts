import { configurationSchema, type Threshold, thresholds } from './configuration-schema.ts'
import { table } from './generated.ts'
import { alternatives, type Node } from './json-schema.ts'
import { unitOf } from './units.ts'

const head = ['key', 'type', 'unit', 'default', 'meaning']

const introduction = `# Configuration

Written from the schemas by \`tests/docs/configuration.test.ts\`; do not edit. A stage owns its part in \`<stage>/config.ts\`.

One YAML file, \`wardwatch.yaml\` in the working folder or the one named by \`--config FILE\`. Every key may be left out.
\`wardwatch check\` validates a file without starting and names file, line and key of each fault; \`wardwatch check --dump\`
prints every value in force. An unknown key is a fault.

Editors complete and check the file when its first line is

\`\`\`yaml
# yaml-language-server: $schema=docs/wardwatch.schema.json
\`\`\`

A small one:

\`\`\`yaml
input:
  files: [monday.pcap]
ingest:
  site: north
inventory:
  zones:
    - { name: ward, networks: [10.60.1.0/24], isClinical: true }
  devices:
    - { name: CT-3, address: 10.60.1.30, deviceClass: medical }
    - { name: Biomed laptop, mac: '00:1b:21:0a:00:50', roles: [biomed-jump] }
  access:
    - { from: { role: biomed-jump }, to: { zone: ward }, services: [ssh], action: allow }
\`\`\``

/** docs/configuration.md. */
export function configurationPage(): string {
  const sections = Object.entries(configurationSchema().properties ?? {})
  const plain = sections.filter(([, node]) => isLeaf(node))
  const parts = sections.filter(([, node]) => !isLeaf(node))
  return [
    introduction,
    section(
      'Top level',
      'what concerns all parts',
      plain.flatMap(([name, node]) => rows([name], node)),
    ),
    ...parts.map(([name, node]) => part(name, node)),
    detectorTables(),
  ]
    .join('\n\n')
    .concat('\n')
}

function part(name: string, node: Node): string {
  const kinds = alternatives(node)
  if (kinds.length === 1) return section(name, node.description!, rowsWithin([name], kinds[0]!))
  const tables = kinds.map((kind) => {
    const word = kind.properties?.['kind']?.const
    return `### ${name} with \`kind: ${word}\`\n\n${table(head, rowsWithin([name], kind))}`
  })
  return [`## ${name}\n\n${sentence(node.description!)}`, ...tables].join('\n\n')
}

function section(title: string, description: string, cells: string[][]): string {
  return `## ${title}\n\n${sentence(description)}\n\n${table(head, cells)}`
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}

function isLeaf(node: Node): boolean {
  return alternatives(node).every((one) => one.properties === undefined)
}

/** Rows of the keys below `path`, deeper ones after their parent. */
function rowsWithin(path: readonly string[], node: Node): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    if (path.at(-1) === 'analyzer' && name === 'detectors') return []
    return rows([...path, name], child, node.required?.includes(name) === true)
  })
}

function rows(path: readonly string[], node: Node, isRequired = false): string[][] {
  const deeper = unique(
    alternatives(node).flatMap((one) =>
      one.items === undefined
        ? rowsWithin(path, one)
        : alternatives(one.items).flatMap((item) => rowsWithin(listPath(path), item)),
    ),
  )
  const isGroup = deeper.length > 0 && node.type === 'object'
  const key = `\`${path.join('.')}\``
  if (isGroup) return [[key, '', '', '', node.description!], ...deeper]
  const fallback = isRequired ? 'required' : shown(node.default)
  return [
    [key, typeOf(node), isNumeric(node) ? unitOf(path) : '', fallback, node.description!],
  ].concat(deeper)
}

/** What alternatives have in common is told once. */
function unique(cells: readonly string[][]): string[][] {
  return [...new Map(cells.map((row) => [JSON.stringify(row), row])).values()]
}

function listPath(path: readonly string[]): string[] {
  return [...path.slice(0, -1), `${path.at(-1)!}[]`]
}

function isNumeric(node: Node): boolean {
  return alternatives(node).some(
    (one) => one.type === 'integer' || one.type === 'number' || one.items?.type === 'integer',
  )
}

function shown(value: unknown): string {
  if (value === undefined) return 'none'
  if (Array.isArray(value) && value.length === 0) return 'none'
  return Array.isArray(value)
    ? value.join(', ')
    : `\`${JSON.stringify(value).replaceAll('"', '')}\``
}

function typeOf(node: Node): string {
  const isNullable = (node.anyOf ?? []).some((one) => one.type === 'null')
  const words = [...new Set(alternatives(node).map(typeOfOne))]
  return words.concat(isNullable ? ['null'] : []).join(', or ')
}

function typeOfOne(node: Node): string {
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(', ')
  if (node.type === 'array') return `list of ${plural(node.items!)}`
  if (node.type === 'object') return `\`{ ${Object.keys(node.properties ?? {}).join(', ')} }\``
  if (node.type === 'integer' || node.type === 'number') return `${node.type}${rangeOf(node)}`
  return node.format ?? [node.type ?? 'anything'].flat().join(', or ')
}

function plural(items: Node): string {
  if (alternatives(items).some((one) => one.properties !== undefined)) return 'objects'
  if (items.type === 'integer') return `integers${rangeOf(items)}`
  return items.enum === undefined ? 'strings' : typeOfOne(items)
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: Node): string {
  const group = (value: number) => value.toLocaleString('en')
  if (minimum !== undefined && maximum !== undefined)
    return `, ${group(minimum)} to ${group(maximum)}`
  const lower =
    minimum === undefined
      ? exclusiveMinimum === undefined
        ? ''
        : `, above ${group(exclusiveMinimum)}`
      : `, ${group(minimum)} or more`
  return maximum === undefined ? lower : `${lower}, at most ${group(maximum)}`
}

function detectorTables(): string {
  const tables = [...thresholds].map(
    ([behaviour, listed]) =>
      `### [${behaviour}](detectors/${behaviour}.md)\n\n${thresholdTable(listed)}`,
  )
  const text =
    'Thresholds by behaviour and device class: `analyzer.detectors.<behaviour>.<class>.<threshold>`. What is not given of\n' +
    'a class keeps the default of that class. Where a table has no classes, the threshold stands directly below the behaviour.'
  return [`## analyzer.detectors\n\n${text}`, ...tables].join('\n\n')
}

/** Thresholds of one detector with unit and default by class. */
export function thresholdTable(listed: readonly Threshold[]): string {
  const classes = Object.keys(listed[0]!.defaults)
  const columns = classes[0] === 'all' ? ['default'] : classes
  return table(
    ['threshold', 'unit', ...columns, 'meaning'],
    listed.map(({ name, node, defaults }) => [
      `\`${name}\``,
      isNumeric(node) ? unitOf([name]) : '',
      ...classes.map((one) => shown(defaults[one]).replaceAll('`', '')),
      node.description!,
    ]),
  )
}
