import { z } from 'zod'
import { deviceClasses } from '../../analyzer/detector.ts'
import { detectors } from '../../analyzer/detectors/index.ts'
import { configSchema } from '../../app/config.ts'
import { alternatives, jsonSchemaOf, type Node } from './json-schema.ts'

const valuesSchema = z.record(z.string(), z.unknown())

/** One threshold of a detector: what it is, and its default by device class (one `all` where classes do not differ in kind). */
export interface Threshold {
  readonly name: string
  readonly node: Node
  readonly defaults: Readonly<Record<string, unknown>>
}

/** Thresholds of each detector by behaviour, in the order of its schema. */
export const thresholds: ReadonlyMap<string, readonly Threshold[]> = new Map(
  detectors.map((detector) => {
    const shape = jsonSchemaOf(detector.config).properties ?? {}
    const values = valuesSchema.parse(detector.config.parse({}))
    const isPerClass = deviceClasses.every((deviceClass) => deviceClass in shape)
    const nodes = isPerClass ? (shape[deviceClasses[0]]!.properties ?? {}) : shape
    const defaultsOf = (name: string) =>
      isPerClass
        ? deviceClasses.map((one) => [one, valuesSchema.parse(values[one])[name]])
        : [['all', values[name]]]
    const listed = Object.entries(nodes).map(([name, node]) => ({
      name,
      node,
      defaults: Object.fromEntries(defaultsOf(name)) as Record<string, unknown>,
    }))
    return [detector.behaviour, listed]
  }),
)

/** JSON schema of wardwatch.yaml, each detector's thresholds included. */
export function configurationSchema(): Node {
  const whole = jsonSchemaOf(configSchema)
  const analyzer = whole.properties!['analyzer']!
  const behaviours = Object.fromEntries(
    detectors.map(({ behaviour, title }) => [
      behaviour,
      { description: title, ...detectorSchema(thresholds.get(behaviour)!) },
    ]),
  )
  const known = { ...analyzer.properties!['detectors'], ...objectOf(behaviours) }
  return {
    ...whole,
    title: 'Configuration of Wardwatch',
    properties: {
      ...whole.properties,
      analyzer: { ...analyzer, properties: { ...analyzer.properties, detectors: known } },
    },
  }
}

function detectorSchema(listed: readonly Threshold[]): Node {
  const classes = Object.keys(listed[0]!.defaults)
  const ofClass = (one: string) =>
    objectOf(
      Object.fromEntries(
        listed.map(({ name, node, defaults }) => [name, { ...node, default: defaults[one] }]),
      ),
    )
  if (classes[0] === 'all') return ofClass('all')
  const described = (one: string) => ({
    description: `where the device judged is of class ${one}`,
    ...ofClass(one),
  })
  return objectOf(Object.fromEntries(classes.map((one) => [one, described(one)])))
}

function objectOf(properties: Readonly<Record<string, Node>>): Node {
  return { type: 'object', properties, additionalProperties: false }
}

/** Paths of all keys that have no description; alternatives of a key are walked each. */
export function undescribed(node: Node, path = ''): string[] {
  const own = path !== '' && node.description === undefined ? [path] : []
  return own.concat(partsOf(node).flatMap(([name, part]) => undescribed(part, `${path}.${name}`)))
}

function partsOf(node: Node): [string, Node][] {
  return alternatives(node).flatMap((one) =>
    Object.entries(one.properties ?? one.items?.properties ?? {}),
  )
}
