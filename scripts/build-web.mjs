// Builds the page into dist/web when its sources have changed since the last build.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageBin, root, runNode } from './bootstrap.mjs'

const inputs = [
  'dashboard/web',
  'dashboard/api.ts',
  'dashboard/api',
  'records',
  'vite.config.ts',
  'package-lock.json',
]

export async function buildWeb() {
  const stamp = join(root, 'dist', 'web', '.sources')
  const sources = hashOf(inputs.flatMap(filesOf))
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  process.stderr.write('wardwatch: building the page …\n')
  const code = await runNode([
    packageBin('vite'),
    'build',
    '--logLevel',
    'warn',
    '--config',
    join(root, 'vite.config.ts'),
  ])
  if (code !== 0) process.exit(code)
  writeFileSync(stamp, sources)
}

function filesOf(path) {
  const full = join(root, path)
  if (!statSync(full).isDirectory()) return [full]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}
