import { Readable } from 'node:stream'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { userCommand } from '../../app/commands/user.ts'
import { temporaryFolder } from '../support/long-capture.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
afterEach(() => {
  vi.restoreAllMocks()
})

/** `wardwatch user …` on a folder of its own; resolves to what it writes as its result. */
async function user(args: readonly string[], input = ''): Promise<string> {
  let written = ''
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written += chunk.toString()
    return true
  })
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([input]) as never)
  const data = ['--data', join(folder.path, 'data')]
  await userCommand().parseAsync([...args, ...data], { from: 'user' })
  return written
}
const usage = (message: RegExp) =>
  expect.objectContaining({
    code: 'BAD_USAGE',
    message: expect.stringMatching(message) as string,
  }) as Error

test('makes users, changes them, and keeps the record of it', async () => {
  expect(await user(['setup-link', '--port', '9999'])).toMatch(
    /^http:\/\/127\.0\.0\.1:9999\/#\/set-up\/[\w-]{43}\n$/,
  )
  await user(['add', 'Ada', '--role', 'admin'], 'seven green apples\n')
  await user(['add', 'bob'], 'seven green apples\n')
  await expect(user(['add', 'bob'], 'seven green apples\n')).rejects.toThrow(usage(/bob already/))
  await expect(user(['add', 'eve'], 'short\n')).rejects.toThrow(usage(/at least 12/))
  await expect(user(['add', 'a b'], '')).rejects.toThrow(usage(/^name: /))
  await expect(user(['passwd', 'nobody'], 'seven green apples\n')).rejects.toThrow(usage(/no user/))
  await expect(user(['setup-link'])).rejects.toThrow(usage(/an administrator already/))
  await expect(user(['disable', 'ada'])).rejects.toThrow(usage(/last administrator/))
  await user(['role', 'bob', 'auditor'])
  await user(['passwd', 'bob'], 'eight yellow pears\n')
  await user(['disable', 'bob'])
  const list = await user(['list'])
  expect(list).toMatch(/^ada\tadmin\t0 sessions\t.*\nbob\tauditor\tdisabled\t/)
  await user(['enable', 'bob'])
  expect(await user(['sessions', 'bob', '--revoke'])).toBe('')

  const log = await user(['audit', '--json'])
  const entries = log.trimEnd().split('\n')
  expect(entries.map((line) => (JSON.parse(line) as { action: string }).action)).toEqual([
    'session.revoke',
    'user.enable',
    'user.disable',
    'user.change-password',
    'user.change-role',
    'user.add',
    'user.add',
  ])
  expect(log).not.toMatch(/apples|pears/)
  expect(await user(['audit', '--verify'])).toMatch(/^7 entries, none changed; last hash \w{64}\n$/)
})
