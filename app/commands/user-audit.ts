import { Command, InvalidArgumentError } from 'commander'
import { WardwatchError } from '../../records/errors.ts'
import { printable, writeLine } from '../output.ts'
import { jsonOption } from './options.ts'
import { type StoreOptions, withStates } from './with-states.ts'

/** What people did, newest first; or whether the record of it is whole. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('What people did, newest first.')
    .option('--verify', 'read the whole chain and say whether it is as it was written')
    .option('--limit <number>', 'entries', limitFrom, 100)
    .addOption(jsonOption('one entry a line, with its hashes'))
    .action(audit)
}

async function audit(
  options: StoreOptions & { verify?: true; limit: number; json?: true },
): Promise<void> {
  await withStates(options, async ({ audit }) => {
    if (options.verify !== undefined) {
      const { count, lastHash, fault } = await audit.verify()
      if (fault !== null) {
        throw new WardwatchError(
          'AUDIT_BROKEN',
          `entry ${fault.sequence} ${fault.reason}; ${count} before it are as they were written`,
        )
      }
      return writeLine(`${count} entries, none changed; last hash ${lastHash}`)
    }
    for (const entry of await audit.list({ limit: options.limit })) {
      const { sequence, atMs, by, from, action, object, details } = entry
      const cells = [sequence, new Date(atMs).toISOString(), by, from, action, object]
      const text = [...cells, JSON.stringify(details)].map((cell) => printable(String(cell)))
      await writeLine(options.json === undefined ? text.join('\t') : JSON.stringify(entry))
    }
  })
}

function limitFrom(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('a number from 1')
  return limit
}
