import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchResult, BenchRun, BenchSize } from './harness.ts'

const page = join(import.meta.dirname, '../docs/benchmarks.md')

/** Runs the benchmarks of this folder one after the other; exit 1 when one misses its bar. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      small: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  })
  const size: BenchSize = values.small ? 'small' : 'full'
  const names = benchNames().filter((name) => values.only === undefined || name === values.only)
  if (names.length === 0) {
    process.stderr.write(
      `no benchmark named ${values.only ?? ''}; there are: ${benchNames().join(', ')}\n`,
    )
    process.exitCode = 2
    return
  }
  const results: BenchResult[] = []
  for (const name of names) {
    process.stderr.write(`bench/${name} (${size}) …\n`)
    const result = await (await load(name))(size)
    results.push(result)
    process.stdout.write(describe(result))
  }
  if (values.write) writeFileSync(page, renderPage(results, size))
  if (results.some((result) => !meetsBar(result))) process.exitCode = 1
}

function benchNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && file !== 'harness.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

async function load(name: string): Promise<BenchRun> {
  const module: unknown = await import(`./${name}.ts`)
  if (
    typeof module === 'object' &&
    module !== null &&
    'run' in module &&
    typeof module.run === 'function'
  ) {
    return module.run as BenchRun
  }
  throw new Error(`bench/${name}.ts exports no run(size)`)
}

function meetsBar({ ratio, bar }: BenchResult): boolean {
  return bar === null || (ratio !== null && ratio.median >= bar.min)
}

function describe(result: BenchResult): string {
  const { ratio, ours, peer, bar } = result
  const lines = [
    result.name,
    `  ${result.claim}`,
    `  input: ${result.input}; ${result.rounds} rounds`,
  ]
  lines.push(`  ours: ${amount(ours.value)} ${ours.unit}`)
  if (peer !== null) lines.push(`  ${peer.name}: ${amount(peer.value)} ${peer.unit}`)
  if (ratio !== null)
    lines.push(`  ratio: ${fixed(ratio.median)} (${fixed(ratio.q1)}–${fixed(ratio.q3)})`)
  if (bar !== null) lines.push(`  bar: ratio ≥ ${bar.min}: ${meetsBar(result) ? 'met' : 'MISSED'}`)
  return [...lines, ...result.notes.map((note) => `  ${note}`), ''].join('\n')
}

function renderPage(results: readonly BenchResult[], size: BenchSize): string {
  const cpu = cpus()
  const head = [
    '# Benchmarks',
    '',
    'Written by `npm run bench -- --write`; do not edit. Each row compares Wardwatch with a named peer on the same',
    'input in the same run, in alternating rounds after a warm-up. The ratio (ours / peer, median and quartiles) says',
    'more than the absolute numbers, which belong to this machine.',
    '',
    `Measured ${new Date().toISOString().slice(0, 10)} on ${String(cpu.length)} × ${cpu[0]?.model ?? 'unknown CPU'}, Node ${process.version}, size ${size}.`,
    '',
    '| benchmark | ours | peer | ratio (quartiles) | bar |',
    '| --- | --- | --- | --- | --- |',
  ]
  const rows = results.map((result) => {
    const { ratio, ours, peer, bar } = result
    const cells = [
      result.name,
      `${amount(ours.value)} ${ours.unit}`,
      peer === null ? '–' : `${peer.name}: ${amount(peer.value)} ${peer.unit}`,
      ratio === null ? '–' : `${fixed(ratio.median)} (${fixed(ratio.q1)}–${fixed(ratio.q3)})`,
      bar === null ? '–' : `≥ ${bar.min}: ${meetsBar(result) ? 'met' : '**missed**'}`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  const details = results.flatMap((result) => [
    '',
    `## ${result.name}`,
    '',
    result.claim,
    '',
    `- Input: ${result.input}`,
    `- Rounds: ${result.rounds}`,
    ...result.notes.map((note) => `- ${note}`),
  ])
  return [...head, ...rows, ...details, ''].join('\n')
}

/** Three significant digits, thousands apart. */
function amount(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value)
}

function fixed(value: number): string {
  return value.toPrecision(3)
}

await main()
