import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One start of the fake program, at the other end of a socket: it does what it is told and tells its signals. */
export interface FakeCapture {
  readonly args: readonly string[]
  readonly pid: number
  /** To its standard output. */
  write(bytes: Uint8Array): void
  /** To its standard error. */
  say(text: string): void
  exit(code: number): void
  /** Resolves when the signal has come (SIGUSR1 or SIGTERM); it does not end by it. */
  signalled(signal: string): Promise<void>
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>
}

export interface FakeTcpdump {
  readonly program: string
  /** The next start that has not been asked for. */
  started(): Promise<FakeCapture>
  readonly startCount: number
  close(): void
}

/** `-d` compiles any filter but `bad`. Else: a hand of the test. */
const script = (socket: string) => `#!${process.execPath}
const net = require('node:net')
const args = process.argv.slice(2)
if (args[0] === '-d') {
  if (args.at(-1) === 'bad') { console.error("tcpdump: can't parse filter expression: syntax error"); process.exit(1) }
  process.exit(0)
}
const line = net.connect(${JSON.stringify(socket)})
const tell = (message) => line.write(JSON.stringify(message) + '\\n')
tell({ args, pid: process.pid })
for (const signal of ['SIGUSR1', 'SIGTERM']) process.on(signal, () => tell({ signal }))
process.stdout.on('error', () => process.exit(141))
require('node:readline').createInterface({ input: line }).on('line', (text) => {
  const { write, say, exit } = JSON.parse(text)
  if (write !== undefined) process.stdout.write(Buffer.from(write, 'base64'))
  if (say !== undefined) process.stderr.write(say)
  if (exit !== undefined) process.stdout.write('', () => process.stderr.write('', () => process.exit(exit)))
})
line.on('close', () => process.exit(0))
`

/** A program that takes tcpdump's place, in a folder of its own. */
export async function createFakeTcpdump(): Promise<FakeTcpdump> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-tcpdump-'))
  const program = join(folder, 'tcpdump')
  const socketPath = join(folder, 'hand')
  writeFileSync(program, script(socketPath), { mode: 0o755 })
  const waiting: ((capture: FakeCapture) => void)[] = []
  const arrived: FakeCapture[] = []
  const sockets = new Set<Socket>()
  let startCount = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    void greet(socket).then((capture) => {
      startCount++
      const taker = waiting.shift()
      if (taker === undefined) arrived.push(capture)
      else taker(capture)
    })
  })
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    program,
    started: () => {
      const first = arrived.shift()
      return first === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(first)
    },
    get startCount() {
      return startCount
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

interface Told {
  args?: string[]
  pid?: number
  signal?: string
}

async function greet(socket: Socket): Promise<FakeCapture> {
  socket.on('error', () => undefined)
  const gone = once(socket, 'close').then(() => undefined)
  const signals: string[] = []
  const listeners: (() => void)[] = []
  const hello = Promise.withResolvers<Told>()
  createInterface({ input: socket }).on('line', (text) => {
    const told = JSON.parse(text) as Told
    if (told.signal === undefined) hello.resolve(told)
    else {
      signals.push(told.signal)
      for (const listener of listeners.splice(0)) listener()
    }
  })
  const { args = [], pid = 0 } = await hello.promise
  const command = (message: object) => void socket.write(`${JSON.stringify(message)}\n`)
  return {
    args,
    pid,
    gone,
    write: (bytes) => command({ write: Buffer.from(bytes).toString('base64') }),
    say: (text) => command({ say: text }),
    exit: (code) => command({ exit: code }),
    async signalled(signal) {
      while (!signals.includes(signal))
        await new Promise<void>((resolve) => listeners.push(resolve))
      signals.splice(signals.indexOf(signal), 1)
    },
  }
}
