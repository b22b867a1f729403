import { userInfo } from 'node:os'
import { Argument, Command, Option } from 'commander'
import { newSetUpLink } from '../../dashboard/access/set-up.ts'
import { newUser, userFault, userNameSchema } from '../../dashboard/access/users.ts'
import { dashboardUrl } from '../../dashboard/config.ts'
import { WardwatchError } from '../../records/errors.ts'
import { type UserOutcome, type UserRow, userRoles } from '../../store/access-store.ts'
import type { AuditEntry } from '../../store/audit-store.ts'
import type { StateStore } from '../../store/state-store.ts'
import { printable, writeLine } from '../output.ts'
import { readNewPassword } from '../password-prompt.ts'
import { accountsOf } from '../wire.ts'
import { auditCommand } from './user-audit.ts'
import { configOption } from './options.ts'
import { type StoreOptions, withStates } from './with-states.ts'

/** Users and sessions of the page, straight in its state: whoever may write there needs no log-in. */
export function userCommand(): Command {
  const command = new Command('user').description(
    'Users of the page: who may log in, where they are, what they did.',
  )
  const nameArgument = () => new Argument('<name>', 'name of the user')
  const roleArgument = () => new Argument('<role>', 'what they may do').choices(userRoles)
  for (const sub of [
    new Command('add')
      .description('Adds a user; the password is asked for, or read from standard input.')
      .addArgument(nameArgument())
      .addOption(
        new Option('--role <role>', 'what they may do').choices(userRoles).default('analyst'),
      )
      .action(add),
    new Command('list').description('Every user, with role and sessions.').action(list),
    new Command('passwd')
      .description('Gives a user a new password; their sessions end.')
      .addArgument(nameArgument())
      .action(changePassword),
    new Command('role')
      .description('Gives a user another role; their sessions end.')
      .addArgument(nameArgument())
      .addArgument(roleArgument())
      .action((name: string, role: UserRow['role'], options: StoreOptions) =>
        change(name, { role }, 'user.change-role', options),
      ),
    new Command('disable')
      .description('Lets a user in no more; their sessions end.')
      .addArgument(nameArgument())
      .action((name: string, options: StoreOptions) =>
        change(name, { isDisabled: true }, 'user.disable', options),
      ),
    new Command('enable')
      .description('Lets a disabled user in again.')
      .addArgument(nameArgument())
      .action((name: string, options: StoreOptions) =>
        change(name, { isDisabled: false }, 'user.enable', options),
      ),
    new Command('sessions')
      .description('Where a user is logged in.')
      .addArgument(nameArgument())
      .option('--revoke', 'end all of them')
      .action(sessions),
    new Command('setup-link')
      .description('A new link that makes the first administrator.')
      .option('--port <number>', 'port the page is at, if not the configured one')
      .action(setUpLink),
    auditCommand(),
  ]) {
    command.addCommand(
      sub
        .addOption(configOption())
        .option('--data <dir>', 'folder of everything that is kept')
        .exitOverride()
        .showHelpAfterError('(--help tells what goes)'),
    )
  }
  return command
}

async function add(name: string, options: StoreOptions & { role: UserRow['role'] }): Promise<void> {
  const nameFault = userNameSchema.safeParse(name).error?.issues[0]?.message
  if (nameFault !== undefined) throw new WardwatchError('BAD_USAGE', `name: ${nameFault}`)
  const password = await readNewPassword()
  checkPassword(name, password)
  await withStates(options, async (states) => {
    const { role } = options
    const { passwords } = accountsOf(states)
    const user = await newUser({ name, password, role }, { passwords, now: Date.now })
    const entry = entryOf('user.add', user.name, { role })
    tell(await states.access.addUser(user, entry), user.name)
  })
}

async function changePassword(name: string, options: StoreOptions): Promise<void> {
  const password = await readNewPassword()
  checkPassword(name, password)
  await withStates(options, async (states) => {
    const user = await userOf(states, name)
    const passwordHash = await accountsOf(states).passwords.hash(password)
    const entry = entryOf('user.change-password', user.name, {})
    tell(await states.access.changeUser(user.id, { passwordHash }, entry), user.name)
  })
}

async function change(
  name: string,
  what: { readonly role?: UserRow['role']; readonly isDisabled?: boolean },
  action: string,
  options: StoreOptions,
): Promise<void> {
  await withStates(options, async (states) => {
    const user = await userOf(states, name)
    const details = what.role === undefined ? {} : { before: user.role, role: what.role }
    const entry = entryOf(action, user.name, details)
    tell(await states.access.changeUser(user.id, what, entry), user.name)
  })
}

async function list(options: StoreOptions): Promise<void> {
  await withStates(options, async ({ access }) => {
    for (const user of await access.users()) {
      const open = (await access.sessionsOf(user.id)).length
      const state = user.isDisabled ? 'disabled' : `${open} session${open === 1 ? '' : 's'}`
      await writeLine([user.name, user.role, state, timeOf(user.createdMs)].join('\t'))
    }
  })
}

async function sessions(name: string, options: StoreOptions & { revoke?: true }): Promise<void> {
  await withStates(options, async (states) => {
    const { access } = states
    const user = await userOf(states, name)
    for (const { createdMs, activeMs, from, agent } of await access.sessionsOf(user.id)) {
      const cells = [timeOf(createdMs), timeOf(activeMs), from, printable(agent)]
      await writeLine(cells.join('\t'))
    }
    if (options.revoke === undefined) return
    const entry = entryOf('session.revoke', user.name, { sessions: 'all' })
    const count = await access.endSessionsOf(user.id, null, entry)
    process.stderr.write(`wardwatch: ended ${count}\n`)
  })
}

async function setUpLink(options: StoreOptions & { port?: string }): Promise<void> {
  await withStates(options, async ({ access }, config) => {
    const url = dashboardUrl(config.dashboard, Number(options.port ?? config.dashboard.port))
    const link = await newSetUpLink(config.dashboard, { access, url, now: Date.now })
    if (link === null) {
      throw new WardwatchError(
        'BAD_USAGE',
        'there is an administrator already: `wardwatch user passwd NAME` gives a new password',
      )
    }
    await writeLine(link)
  })
}

function checkPassword(name: string, password: string): void {
  const fault = userFault(name, password)
  if (fault !== null) throw new WardwatchError('BAD_USAGE', `${fault.field}: ${fault.message}`)
}

async function userOf({ access }: StateStore, name: string): Promise<UserRow> {
  const user = await access.userNamed(userNameSchema.safeParse(name).data ?? '')
  if (user === null) throw new WardwatchError('BAD_USAGE', `there is no user ${name}`)
  return user
}

function tell(outcome: UserOutcome, name: string): void {
  switch (outcome) {
    case 'done':
      process.stderr.write(`wardwatch: done: ${name}\n`)
      return
    case 'name-taken':
      throw new WardwatchError('BAD_USAGE', `there is a user ${name} already`)
    case 'no-such-user':
      throw new WardwatchError('BAD_USAGE', `there is no user ${name}`)
    case 'last-admin':
      throw new WardwatchError(
        'BAD_USAGE',
        `${name} is the last administrator: make another one first`,
      )
  }
}

function entryOf(action: string, object: string, details: AuditEntry['details']): AuditEntry {
  const by = `cli:${userInfo().username}`
  return { atMs: Date.now(), by, from: 'local', action, object, details }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
