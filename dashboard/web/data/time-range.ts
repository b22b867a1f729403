const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Time ranges that people choose by name. */
export const presets: Readonly<Record<string, { readonly label: string; readonly ms: number }>> = {
  '15m': { label: '15 min', ms: 15 * minute },
  '1h': { label: '1 h', ms: hour },
  '4h': { label: '4 h', ms: 4 * hour },
  '24h': { label: '24 h', ms: day },
  '7d': { label: '7 d', ms: 7 * day },
  '30d': { label: '30 d', ms: 30 * day },
}

export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The range that an address names: a preset (`7d`), or two moments (`2026-03-02T08:00:00Z/2026-03-02T09:00:00Z`).
 * @param endMs where presets end: the newest moment that is known
 */
export function parseRange(text: string | undefined, preset: string, endMs: number): TimeRange {
  const [from, to] = (text ?? '').split('/').map((moment) => Date.parse(moment))
  if (from !== undefined && to !== undefined && from < to) return { fromMs: from, toMs: to }
  const { ms } = presets[text ?? preset] ?? presets[preset]!
  return { fromMs: endMs - ms, toMs: endMs }
}

export function formatRange({ fromMs, toMs }: TimeRange): string {
  const moment = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')
  return `${moment(fromMs)}/${moment(toMs)}`
}

/** Minutes of a step, so that a chart has at most `stepsMax` of them. */
export function stepMinutesFor({ fromMs, toMs }: TimeRange, stepsMax = 720): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080]
  const needed = (toMs - fromMs) / minute / stepsMax
  return steps.find((step) => step >= needed) ?? 43_200
}
