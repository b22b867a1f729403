// Dependency-free, runs on Node 20: brings the packages of the lock file and Node 24, nothing else.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Installs the packages when the lock file is not the one they were installed from. */
export function ensurePackages() {
  requireNode20()
  const stamp = join(root, 'node_modules', '.wardwatch-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('wardwatch: installing packages (once) …\n')
  const npm = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  )
  if (npm.status !== 0) {
    fail(
      `npm ci ended with ${npm.status ?? npm.error?.message}; read its output above, mend it and start again`,
    )
  }
  writeFileSync(stamp, lock)
}

/** Path of a Node that runs the TypeScript sources: the one that came with the packages, or this one if it is new enough. */
export function node24() {
  const packaged = join(
    root,
    'node_modules',
    `node-${process.platform}-${process.arch}`,
    'bin',
    'node',
  )
  if (existsSync(packaged)) return packaged
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  return fail(
    `no Node 24 comes along for ${process.platform}-${process.arch}: install Node 24 or newer and start again`,
  )
}

/** Runs Node 24 with these arguments in the foreground; signals reach it, its exit code is returned. */
export function runNode(args, env = {}) {
  const node = node24()
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(':')
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, ...env, PATH: path } })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

/** The JavaScript file behind a command of an installed package. */
export function packageBin(name, command = name) {
  const manifest = JSON.parse(
    readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
  )
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[command]
  return join(root, 'node_modules', name, bin)
}

function requireNode20() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`)
}

function fail(message) {
  process.stderr.write(`wardwatch: ${message}\n`)
  process.exit(1)
}
