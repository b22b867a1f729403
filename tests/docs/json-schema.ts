import { z } from 'zod'

/** What JSON schemas made from ours consist of; anything else is refused when a schema is read. */
export interface Node {
  readonly [key: string]: unknown
  /** Several where nothing but the type differs: `["string", "null"]`. */
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: string | number
  readonly enum?: readonly string[]
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
}

const nodeSchema: z.ZodType<Node> = z.lazy(
  () =>
    z
      .object({
        type: z.string().or(z.array(z.string())),
        description: z.string(),
        const: z.string().or(z.number()),
        enum: z.array(z.string()),
        format: z.string(),
        minimum: z.number(),
        maximum: z.number(),
        exclusiveMinimum: z.number(),
        items: nodeSchema,
        properties: z.record(z.string(), nodeSchema),
        required: z.array(z.string()),
        anyOf: z.array(nodeSchema),
        oneOf: z.array(nodeSchema),
      })
      .partial()
      .loose() as z.ZodType<Node>,
)

/** JSON schema (draft 7, which editors know best) of what a file may hold; `{}` as a default and open ends are left out. */
export function jsonSchemaOf(schema: z.ZodType): Node {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (JSON.stringify(jsonSchema.default) === '{}') delete jsonSchema.default
      // No format of JSON Schema; the pattern beside it says the same.
      if (jsonSchema.format?.startsWith('cidr')) delete jsonSchema.format
    },
  })
  return nodeSchema.parse(made)
}

/** What may be meant by a node: its alternatives, or itself; `null` is left out. */
export function alternatives(node: Node): readonly Node[] {
  return (node.anyOf ?? node.oneOf ?? [node]).filter((one) => one.type !== 'null')
}
