import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/long-capture.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const folder = temporaryFolder()
afterAll(folder.remove)

/** `wardwatch user …` in a folder of its own. */
function user(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'user', ...args], {
    cwd: folder.path,
    input,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('makes the first administrator known, changes users and keeps the record of it', () => {
  const link = user(['setup-link', '--port', '9999'])
  expect(link.stdout).toMatch(/^http:\/\/127\.0\.0\.1:9999\/#\/set-up\/[\w-]{43}\n$/)

  expect(user(['add', 'Ada', '--role', 'admin'], 'seven green apples\n')).toMatchObject({
    status: 0,
  })
  expect(user(['disable', 'ada'])).toMatchObject({ status: 2 })

  const { stdout } = user(['audit', '--json'])
  const [entry] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(entry).toMatchObject({ action: 'user.add', object: 'ada', from: 'local' })
  expect(stdout).not.toContain('apples')
  expect(user(['audit', '--verify']).stdout).toMatch(
    /^1 entries, none changed; last hash \w{64}\n$/,
  )
})
