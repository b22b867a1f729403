import { type ChildProcess, execFile, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { filterError, programMissing } from '../capture-faults.ts'
import type { LivePortConfig } from '../live-config.ts'

/** One running capture. */
export interface CaptureProcess {
  /** The packets, as a pcap stream. */
  readonly output: Readable
  readonly pid: number
  /** What it said last, at most `messagesMax` characters. */
  messages(): string
  /** Asks for the counters of the kernel; they come as a line of messages. Only once the stream has begun. */
  askForCounts(): void
  /** Lets it write what it has and end. */
  stop(): void
  /** Resolves when it has ended, for whatever reason. Rejects with CAPTURE_PROGRAM_MISSING when it never began. */
  readonly ended: Promise<void>
}

/** Of what the program says, this much is kept; a longer line is cut. */
const messagesMax = 4096
/** A program that does not end when asked is ended after this long. */
const killMs = 5000

/**
 * Starts tcpdump on a port. It opens the port and, when started as root, becomes `user`; nothing of this process can
 * then make it read more. Its messages are kept in bounds whatever it writes.
 * @param onLine each line of its messages
 */
export function startCapture(
  config: LivePortConfig,
  onLine: (line: string) => void,
): CaptureProcess {
  // A group of its own: Ctrl-C on a terminal is for Wardwatch, which then ends the capture in order.
  const child = spawn(config.program, captureArguments(config, process.getuid?.() === 0), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: plainEnvironment(),
  })
  let said = ''
  let partial = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-messagesMax)
    const lines = (partial + text).split('\n')
    partial = lines.pop()!.slice(0, messagesMax)
    for (const line of lines) onLine(line.slice(0, messagesMax))
  })
  let killing: NodeJS.Timeout | undefined
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(programMissing(config.program, cause)))
    child.once('close', () => {
      clearTimeout(killing)
      resolve()
    })
  })
  // Looked at when the stream has ended; a program that never began must not be an unhandled failure until then.
  ended.catch(() => undefined)
  return {
    output: child.stdout,
    pid: child.pid ?? 0,
    messages: () => said,
    askForCounts: () => send(child, 'SIGUSR1'),
    stop() {
      send(child, 'SIGTERM')
      killing ??= setTimeout(() => send(child, 'SIGKILL'), killMs)
    },
    ended,
  }
}

/** `-U` and `--immediate-mode`: a packet is written when it comes, not when a buffer is full. */
function captureArguments(config: LivePortConfig, isRoot: boolean): string[] {
  return [
    ...['-i', config.interface, '-w', '-', '--immediate-mode', '-U', '-n'],
    ...['-s', String(config.snapLengthBytes), '-B', String(Math.ceil(config.bufferBytes / 1024))],
    ...(isRoot ? ['-Z', config.user] : []),
    ...(config.filter === '' ? [] : ['--', config.filter]),
  ]
}

/** To the process itself; false and nothing when it has ended. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
}

/** Messages in English, and nothing of what this process may know. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' }
}

/**
 * Lets tcpdump compile the filter, without opening a port.
 * @throws WardwatchError CONFIG_INVALID for what is no filter, CAPTURE_PROGRAM_MISSING.
 */
export async function checkFilter({
  program,
  filter,
  snapLengthBytes,
}: Pick<LivePortConfig, 'program' | 'filter' | 'snapLengthBytes'>): Promise<void> {
  if (filter === '') return
  const args = ['-d', '-y', 'EN10MB', '-s', String(snapLengthBytes), '--', filter]
  await new Promise<void>((resolve, reject) => {
    execFile(
      program,
      args,
      { env: plainEnvironment(), timeout: killMs, maxBuffer: 1024 * 1024 },
      (error, _stdout, stderr) => {
        if (error === null) resolve()
        else if (typeof error.code === 'string') reject(programMissing(program, error))
        else reject(filterError(filter, stderr.slice(0, messagesMax)))
      },
    )
  })
}
