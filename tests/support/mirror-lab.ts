import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/** Address of the host in the servers' namespace, and of client `n` (1–200). */
export const serverAddress = '10.66.0.2'
export const clientAddress = (n: number) => `10.66.1.${n}`

/**
 * Two network namespaces joined by a cable, and a switch's mirror port: all that passes the cable is copied to `port`, an
 * interface of this machine without an address. Needs root and iproute2; of the kernel veth, clsact, u32 and mirred.
 */
export interface MirrorLab {
  /** The interface to watch. */
  readonly port: string
  /** A program beside the clients, or beside the server. It is ended by `close` at the latest. */
  readonly client: Start
  readonly server: Start
  /** Runs a client's program to its end; its exit code and what it wrote to standard output. */
  ask(program: string, args: readonly string[]): Promise<{ code: number | null; output: string }>
  /** Takes the mirror port away, as when a card is pulled. */
  removePort(): void
  /** Puts it back under the same name. */
  restorePort(): void
  close(): Promise<void>
}

type Start = (program: string, args: readonly string[], options?: SpawnOptions) => ChildProcess

const clients = 200

export function createMirrorLab(): MirrorLab {
  removeAbandoned()
  const name = `ww-${process.pid.toString(36)}-${Math.floor(performance.now() % 36 ** 4).toString(36)}`
  const [clientSide, serverSide, port] = [`${name}c`, `${name}s`, `${name}m`]
  const children = new Set<ChildProcess>()

  function start(side: string, program: string, args: readonly string[], options: SpawnOptions) {
    const child = spawn('ip', ['netns', 'exec', side, program, ...args], options)
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }

  /** The mirror: what enters and what leaves the server's end of the cable. */
  function restorePort(): void {
    ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'mirror', 'netns', serverSide)
    // A mirror port is no host: nothing of this machine may speak on it.
    ip('link', 'set', port, 'addrgenmode', 'none')
    ip('link', 'set', port, 'up')
    ip('-n', serverSide, 'link', 'set', 'mirror', 'addrgenmode', 'none')
    ip('-n', serverSide, 'link', 'set', 'mirror', 'up')
    const everything = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0']
    const copied = ['action', 'mirred', 'egress', 'mirror', 'dev', 'mirror']
    inside(serverSide, 'tc', 'qdisc', 'replace', 'dev', 'cable', 'clsact')
    for (const way of ['ingress', 'egress']) {
      inside(serverSide, 'tc', 'filter', 'del', 'dev', 'cable', way)
      inside(serverSide, 'tc', 'filter', 'add', 'dev', 'cable', way, ...everything, ...copied)
    }
  }

  function removeAll(): void {
    for (const side of [clientSide, serverSide]) {
      if (execFileSync('ip', ['netns', 'list']).toString().includes(side)) removeNamespace(side)
    }
  }

  process.once('exit', removeAll)
  try {
    for (const side of [clientSide, serverSide]) ip('netns', 'add', side)
    ip(
      '-n',
      clientSide,
      'link',
      'add',
      'cable',
      'type',
      'veth',
      'peer',
      'name',
      'cable',
      'netns',
      serverSide,
    )
    for (const side of [clientSide, serverSide]) {
      ip('-n', side, 'link', 'set', 'cable', 'up')
      ip('-n', side, 'link', 'set', 'lo', 'up')
    }
    ip('-n', serverSide, 'addr', 'add', `${serverAddress}/16`, 'dev', 'cable')
    const addresses = Array.from(
      { length: clients },
      (_, n) => `addr add ${clientAddress(n + 1)}/16 dev cable`,
    )
    execFileSync('ip', ['-n', clientSide, '-batch', '-'], { input: addresses.join('\n') })
    restorePort()
  } catch (error) {
    removeAll()
    throw error
  }

  return {
    port,
    client: (program, args, options = { stdio: 'ignore' }) =>
      start(clientSide, program, args, options),
    server: (program, args, options = { stdio: 'ignore' }) =>
      start(serverSide, program, args, options),
    async ask(program, args) {
      const child = start(clientSide, program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      let output = ''
      child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, output }
    },
    removePort: () => ip('link', 'del', port),
    restorePort,
    async close() {
      const running = [...children]
      for (const child of running) child.kill('SIGKILL')
      await Promise.all(running.map((child) => once(child, 'exit')))
      removeAll()
      process.off('exit', removeAll)
    },
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function inside(side: string, ...command: string[]): void {
  ip('netns', 'exec', side, ...command)
}

/** Namespaces of processes that were killed before they could remove them, with what still runs in them. */
function removeAbandoned(): void {
  const names = execFileSync('ip', ['netns', 'list']).toString()
  for (const [name, pid] of names.matchAll(/^ww-([0-9a-z]+)-[0-9a-z]+[cs]\b/gm))
    if (!existsSync(`/proc/${parseInt(pid!, 36)}`)) removeNamespace(name)
}

function removeNamespace(name: string): void {
  const pids = execFileSync('ip', ['netns', 'pids', name]).toString().split('\n')
  for (const pid of pids.filter((text) => text !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  ip('netns', 'del', name)
}
