import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { WardwatchError } from '../records/errors.ts'

/**
 * A new password: typed twice and not shown on a terminal, else the first line of standard input. Never an argument,
 * which other users of the machine could read.
 * @throws WardwatchError BAD_USAGE when the two differ or nothing comes
 */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine()
  const password = await askHidden('Password: ')
  if ((await askHidden('Again: ')) === password) return password
  throw new WardwatchError('BAD_USAGE', 'these were two different passwords')
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) return line
  throw new WardwatchError('BAD_USAGE', 'no password came on standard input')
}

async function askHidden(question: string): Promise<string> {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  const asking = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  // Without this, Ctrl-C would only end the question.
  asking.on('SIGINT', () => process.exit(1))
  process.stderr.write(question)
  try {
    return await asking.question('')
  } finally {
    asking.close()
    process.stderr.write('\n')
  }
}
