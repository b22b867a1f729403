import { Command, CommanderError } from 'commander'
import { isWardwatchError, type ErrorCode } from '../records/errors.ts'
import { printable } from './output.ts'

/** 0 done · 1 ran but failed · 2 bad usage, unsupported input or bad configuration. */
const usageCodes: readonly ErrorCode[] = [
  'BAD_USAGE',
  'CAPTURE_UNSUPPORTED',
  'CONFIG_INVALID',
  'INPUT_NOT_FOUND',
]

/** Read when they are wanted: all of them together take a second to load. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand(),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
  replay: async () => (await import('./commands/replay.ts')).replayCommand(),
  flows: async () => (await import('./commands/flows.ts')).flowsCommand(),
  summaries: async () => (await import('./commands/summaries.ts')).summariesCommand(),
  stats: async () => (await import('./commands/stats.ts')).statsCommand(),
  lookup: async () => (await import('./commands/lookup.ts')).lookupCommand(),
  evidence: async () => (await import('./commands/evidence.ts')).evidenceCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  check: async () => (await import('./commands/check.ts')).checkCommand(),
  notify: async () => (await import('./commands/notify.ts')).notifyCommand(),
  series: async () => (await import('./commands/series.ts')).seriesCommand(),
  user: async () => (await import('./commands/user.ts')).userCommand(),
  backup: async () => (await import('./commands/backup.ts')).backupCommand(),
  restore: async () => (await import('./commands/backup.ts')).restoreCommand(),
  verify: async () => (await import('./commands/backup.ts')).verifyCommand(),
}

const program = new Command('wardwatch')
  .description('Watches the networks that medical devices live on.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(--help tells what goes)')
const [named = ''] = process.argv.slice(2)
const wanted = Object.hasOwn(commands, named) ? [commands[named]!] : Object.values(commands)
for (const load of wanted) {
  const command = await load()
  program.addCommand(command.exitOverride().showHelpAfterError('(--help tells what goes)'))
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}

function tell(error: unknown): number {
  // Commander has written its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (isWardwatchError(error)) {
    const lines = error.message.split('\n').map(printable)
    process.stderr.write(`wardwatch: ${lines.join('\n')} [${error.code}]\n`)
    return usageCodes.includes(error.code) ? 2 : 1
  }
  process.stderr.write(
    `wardwatch: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return 1
}
