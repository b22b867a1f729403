// What `npm start`, `npm test` and the other npm scripts call: see package.json.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import { ensurePackages, packageBin, root, runNode } from './bootstrap.mjs'

const folders = [
  'records',
  'ingest',
  'bus',
  'store',
  'analyzer',
  'alerts',
  'history',
  'inventory',
  'dashboard',
  'simulator',
  'app',
  'tests',
  'bench',
]

const [task, ...rest] = process.argv.slice(2)
process.chdir(root)
ensurePackages()
process.exitCode = await perform()

async function perform() {
  switch (task) {
    case 'start':
      await buildWeb()
      return runNode([join(root, 'app', 'main.ts'), 'run', ...rest])
    case 'build':
      await buildWeb()
      return 0
    case 'test':
      return test(rest[0], rest.slice(1))
    case 'check':
      return check()
    case 'bench':
      return runNode([join(root, 'bench', 'main.ts'), ...rest])
    case 'new:detector':
      return runNode([join(root, 'scripts', 'new-detector.mjs'), ...rest])
    default:
      process.stderr.write(`wardwatch: no task ${task ?? ''}; see "scripts" in package.json\n`)
      return 2
  }
}

async function test(project, args) {
  if (project === 'captures' && !existsSync(capturesFolder())) {
    process.stderr.write(
      `captures tests not run: no folder ${capturesFolder()} (set WARDWATCH_CAPTURES)\n`,
    )
    return process.env.CI === undefined ? 0 : 1
  }
  return runNode([packageBin('vitest'), 'run', '--project', project, ...args])
}

function capturesFolder() {
  return process.env.WARDWATCH_CAPTURES ?? join(root, '..', 'shared', 'data', 'captures')
}

/** Static checks, in the order in which they fail fastest. */
async function check() {
  const steps = [
    [packageBin('prettier'), '--check', '--log-level', 'warn', '.'],
    [packageBin('typescript', 'tsc')],
    [packageBin('eslint'), '.'],
    [
      packageBin('dependency-cruiser', 'depcruise'),
      '--config',
      '.dependency-cruiser.cjs',
      ...folders,
    ],
  ]
  for (const step of steps) {
    const code = await runNode(step)
    if (code !== 0) return code
  }
  return 0
}
