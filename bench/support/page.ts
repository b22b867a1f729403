import type { BenchResult, BenchSize, Measurement, Spread } from '../harness.ts'

/** The machine and the day that numbers belong to. */
export interface Circumstances {
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly size: BenchSize
}

/** Whether the ratio that a test may assert is reached; true where there is none. */
export function meetsBar({ ratio, bar }: BenchResult): boolean {
  return bar === null || (ratio !== null && ratio.median >= bar.min)
}

/** One line: rates, ratio, bar and goal. */
export function lineOf(result: BenchResult): string {
  const { name, ours, peer, ratio, bar, goal } = result
  const parts = [`${name}: ${amount(ours.value)} ${ours.unit}`]
  if (peer !== null) parts.push(`${peer.name} ${amount(peer.value)}`)
  if (ratio !== null) parts.push(`ratio ${between(ratio)}`)
  if (bar !== null) parts.push(`bar ≥ ${bar.min} ${meetsBar(result) ? 'met' : 'MISSED'}`)
  if (goal !== undefined) parts.push(`goal ${aimOf(goal)} ${outcome(result)}`)
  return parts.join(' · ')
}

/** The page docs/benchmarks.md: a table of all, then what each stands for. */
export function renderPage(results: readonly BenchResult[], at: Circumstances): string {
  const head = [
    '# Benchmarks',
    '',
    'Written by `npm run bench -- --write`; do not edit. A row with a peer compares Wardwatch with it on the same input in',
    'the same run, in alternating rounds after a warm-up; the ratio (ours / peer) says more than the rates, which belong to',
    'this machine. All are medians, with quartiles in brackets. A *bar* is a ratio, and missing it fails the run (half',
    'of it or less at the small size, which `.ci/run` takes). A *goal* is a rate (or a time) that the design asks for on a machine of two cores:',
    'it is told here whether met or lost, and asserted nowhere.',
    '',
    `Measured ${at.date} on ${at.cores} × ${at.cpu}, Node ${at.node}, size ${at.size}.`,
    '',
    '| benchmark | ours | peer | ratio | bar | goal |',
    '| --- | --- | --- | --- | --- | --- |',
  ]
  return [...head, ...results.map(rowOf), ...results.flatMap(detailsOf), ''].join('\n')
}

function rowOf(result: BenchResult): string {
  const { name, ratio, ours, peer, bar, goal } = result
  const cells = [
    name,
    rateOf(ours),
    peer === null ? '–' : `${peer.name}: ${rateOf(peer)}`,
    ratio === null ? '–' : between(ratio),
    bar === null ? '–' : `≥ ${bar.min}: ${meetsBar(result) ? 'met' : '**missed**'}`,
    goal === undefined ? '–' : `${aimOf(goal)}: ${outcome(result)}`,
  ]
  return `| ${cells.join(' | ')} |`
}

function detailsOf(result: BenchResult): string[] {
  return [
    '',
    `## ${result.name}`,
    '',
    result.claim,
    '',
    `- Input: ${result.input}`,
    `- Rounds: ${result.rounds}`,
    ...result.notes.map((note) => `- ${note}`),
  ]
}

function outcome({ ours, goal }: BenchResult): string {
  if (goal === undefined) return 'lost'
  const isMet = 'min' in goal ? ours.value >= goal.min : ours.value < goal.max
  return isMet ? 'met' : 'lost'
}

/** At least a rate, or less than a time. */
function aimOf(goal: NonNullable<BenchResult['goal']>): string {
  return 'min' in goal ? `≥ ${amount(goal.min)}` : `< ${amount(goal.max)}`
}

function rateOf({ value, unit, spread }: Measurement): string {
  const quartiles = spread === undefined ? '' : ` (${amount(spread.q1)}–${amount(spread.q3)})`
  return `${amount(value)}${quartiles} ${unit}`
}

function between({ median, q1, q3 }: Spread): string {
  const [m, a, b] = [median, q1, q3].map((value) => value.toPrecision(3))
  return `${m!} (${a!}–${b!})`
}

/** Three significant digits, thousands apart. */
function amount(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value)
}
