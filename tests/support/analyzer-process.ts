import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')

/** `wardwatch run --role analyzer` as a process of its own. */
export interface AnalyzerProcess {
  /** kill -9: nothing is given back, nothing saved. */
  kill(): Promise<void>
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  /** What it wrote to standard error, for a failing test to show. */
  log(): string
}

export function startAnalyzer(configFile: string): AnalyzerProcess {
  const args = [main, 'run', '--role', 'analyzer', '--config', configFile]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)))
  const exited = once(child, 'exit') as Promise<[number | null]>
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return (await exited)[0]
  }
  return {
    kill: () => end('SIGKILL').then(() => undefined),
    stop: () => end('SIGTERM'),
    log: () => log,
  }
}
