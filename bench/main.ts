import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchResult, BenchRun, BenchSize } from './harness.ts'
import { lineOf, meetsBar, renderPage } from './support/page.ts'

const page = join(import.meta.dirname, '../docs/benchmarks.md')

/**
 * Runs the benchmarks of this folder one after the other, a line each; exit 1 when one misses its bar.
 * `.ci/run` takes them with `--small`, so that they cannot rot; `--write` renews docs/benchmarks.md.
 */
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
    const result = await (await load(name))(size)
    results.push(result)
    process.stdout.write(`${lineOf(result)}\n`)
  }
  if (values.write) writeFileSync(page, renderPage(results, circumstances(size)))
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

function circumstances(size: BenchSize) {
  const cpu = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpu[0]?.model ?? 'unknown CPU',
    cores: cpu.length,
    node: process.version,
    size,
  }
}

await main()
