import type { Watched } from './watched.ts'

/** One value of a metric, told apart by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A metric: what it is called, what it means, and how it is read off the parts when somebody asks. */
export interface Metric {
  /** `wardwatch_<stage>_<what>_<unit>`, with `_total` at the end of a counter. */
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  /** One sentence: docs/operation.md and `# HELP`. */
  readonly help: string
  readonly labels: readonly string[]
  /** No sample for what this process does not have. */
  readonly read: (watched: Watched) => readonly Sample[]
}

type Reading = number | null | undefined | readonly Sample[]

/** A counter; `name` without `_total`. A reading of null or undefined gives no sample. */
export function counter(
  name: string,
  help: string,
  read: (watched: Watched) => Reading,
  labels: readonly string[] = [],
): Metric {
  return metric('counter', `${name}_total`, help, read, labels)
}

export function gauge(
  name: string,
  help: string,
  read: (watched: Watched) => Reading,
  labels: readonly string[] = [],
): Metric {
  return metric('gauge', name, help, read, labels)
}

function metric(
  kind: Metric['kind'],
  name: string,
  help: string,
  read: (watched: Watched) => Reading,
  labels: readonly string[],
): Metric {
  return {
    name: `wardwatch_${name}`,
    kind,
    help,
    labels,
    read(watched) {
      const reading = read(watched)
      if (reading === null || reading === undefined) return []
      return typeof reading === 'number' ? [{ labels: {}, value: reading }] : reading
    },
  }
}

/** Values of a label that a metric shows at most: some come from the wire (`link-type-147`). */
const valuesMax = 64

/** Samples of counts by one label; beyond 64 values the smallest are summed up as `other`. */
export function byLabel(
  label: string,
  counts: Readonly<Record<string, number>> | undefined,
): Sample[] {
  const entries = Object.entries(counts ?? {}).toSorted(
    ([a, x], [b, y]) => y - x || (a < b ? -1 : 1),
  )
  const shown = entries.slice(0, valuesMax)
  const rest = entries.slice(valuesMax).reduce((sum, [, count]) => sum + count, 0)
  return [...shown, ...(rest > 0 ? [['other', rest] as const] : [])].map(([value, count]) => ({
    labels: { [label]: value },
    value: count,
  }))
}
