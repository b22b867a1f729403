import { Command, CommanderError } from 'commander'
import { isWardwatchError, type ErrorCode } from '../records/errors.ts'
import { backupCommand, restoreCommand, verifyCommand } from './commands/backup.ts'
import { checkCommand } from './commands/check.ts'
import { demoCommand } from './commands/demo.ts'
import { evidenceCommand } from './commands/evidence.ts'
import { flowsCommand } from './commands/flows.ts'
import { lookupCommand } from './commands/lookup.ts'
import { notifyCommand } from './commands/notify.ts'
import { replayCommand } from './commands/replay.ts'
import { runCommand } from './commands/run.ts'
import { seriesCommand } from './commands/series.ts'
import { simulateCommand } from './commands/simulate.ts'
import { statsCommand } from './commands/stats.ts'
import { summariesCommand } from './commands/summaries.ts'
import { userCommand } from './commands/user.ts'
import { printable } from './output.ts'

/** 0 done · 1 ran but failed · 2 bad usage, unsupported input or bad configuration. */
const usageCodes: readonly ErrorCode[] = [
  'BAD_USAGE',
  'CAPTURE_UNSUPPORTED',
  'CONFIG_INVALID',
  'INPUT_NOT_FOUND',
]

const program = new Command('wardwatch')
  .description('Watches the networks that medical devices live on.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(--help tells what goes)')
for (const command of [
  runCommand(),
  demoCommand(),
  replayCommand(),
  flowsCommand(),
  summariesCommand(),
  seriesCommand(),
  simulateCommand(),
  statsCommand(),
  evidenceCommand(),
  lookupCommand(),
  checkCommand(),
  notifyCommand(),
  userCommand(),
  backupCommand(),
  restoreCommand(),
  verifyCommand(),
]) {
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
