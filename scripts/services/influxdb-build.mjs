// Builds the InfluxDB server for tests and benchmarks from its Go module, once, into the user's cache.
// Plain Node ≥ 20 without dependencies. Two to five minutes on two cores; Debian has no package of it.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const version = '2.7.12'
const module = 'github.com/influxdata/influxdb/v2'
/** Checksums of the module and of its go.mod, as in a go.sum: what is built is what was reviewed. */
const sums = [
  `${module} v${version} h1:m25dUSO7h6nm3zFC4v/aCNeFFmnN/mlN/uPo1T63bmk=`,
  `${module} v${version}/go.mod h1:Mb0O9zNkhn4JTmr5vsr4ELa75um/ai6dY1pcoW192AU=`,
]
const minutesMax = 20
const run = promisify(execFile)

/** Path of the server's program; builds it when the cache has none. */
export async function influxdProgram() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wardwatch')
  const target = join(cache, `influxd-${version}`)
  if (existsSync(target)) return target
  await need('go', ['version'], 'Go 1.23 or newer (Debian 13: golang-go)')
  await need('cargo', ['--version'], 'Rust 1.70 or newer (Debian 13: cargo)')
  await need('cc', ['--version'], 'a C compiler (Debian: gcc)')
  await need('pkg-config', ['--version'], 'pkg-config (Debian: pkg-config)')
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'build-'))
  try {
    // Whoever was faster has put the same program there; a rename replaces it whole.
    await rename(await build(work), target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return target
}

async function build(work) {
  await writeModule(work)
  const go = { cwd: work, timeout: minutesMax * 60_000, maxBuffer: 64 * 1024 * 1024 }
  // InfluxDB finds its query engine, a Rust library, through a pkg-config of its own that builds it on the way.
  const pkgConfig = join(work, 'pkg-config')
  await run('go', ['build', '-mod=mod', '-o', pkgConfig, 'github.com/influxdata/pkg-config'], go)
  const rustc = join(work, 'rustc')
  // The library was written for an older compiler and makes errors of warnings that newer ones have.
  await writeFile(rustc, '#!/bin/sh\nexec "$@" --cap-lints warn\n')
  await chmod(rustc, 0o755)
  const program = join(work, 'influxd')
  const tags = ['-tags', 'sqlite_foreign_keys,sqlite_json']
  const names = `-X main.version=v${version} -s -w`
  await run(
    'go',
    ['build', '-mod=mod', '-o', program, ...tags, '-ldflags', names, `${module}/cmd/influxd`],
    {
      ...go,
      env: {
        ...process.env,
        PKG_CONFIG: pkgConfig,
        RUSTC_WRAPPER: rustc,
        // The library pins a compiler that need not be there; rustup reads this, Debian's Rust does not mind it.
        RUSTUP_TOOLCHAIN: 'stable',
      },
    },
  )
  return program
}

/** The server's own module file and checksums under another name: every version is the one its makers released. */
async function writeModule(work) {
  await writeFile(join(work, 'go.mod'), 'module wardwatch.tests/influxdb\n')
  await writeFile(join(work, 'go.sum'), `${sums.join('\n')}\n`)
  const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@v${version}`], {
    cwd: work,
    timeout: minutesMax * 60_000,
  })
  const { GoMod, Dir } = JSON.parse(stdout)
  const theirs = (await readFile(GoMod, 'utf8')).replace(
    /^module .*$/m,
    `module wardwatch.tests/influxdb\n\nrequire ${module} v${version}\n`,
  )
  await writeFile(join(work, 'go.mod'), theirs)
  const theirSums = await readFile(join(Dir, 'go.sum'), 'utf8')
  await writeFile(join(work, 'go.sum'), `${sums.join('\n')}\n${theirSums}`)
  // Imports keep both programs in the module graph.
  await writeFile(
    join(work, 'tools.go'),
    `//go:build tools\n\npackage tools\n\nimport (\n\t_ "github.com/influxdata/pkg-config"\n\t_ "${module}/cmd/influxd"\n)\n`,
  )
}

async function need(command, args, remedy) {
  try {
    await run(command, args)
  } catch (cause) {
    throw new Error(
      `InfluxDB for tests is built from source and needs \`${command}\`: install ${remedy}, or name a server in WARDWATCH_INFLUXDB_URL.`,
      { cause },
    )
  }
}
