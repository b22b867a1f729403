import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { BrowserContext } from 'playwright-core'
import { stringify } from 'yaml'
import type { ConfigInput } from '../../app/config.ts'
import { alertListSchema, statusSchema } from '../../dashboard/api.ts'
import { type Credentials, logIn, setUp } from './accounts.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')

/** The service as an operator starts it, with somebody logged in. */
export interface LiveService {
  readonly url: string
  readonly credentials: Credentials
  readonly log: () => string
  alerts(): Promise<ReturnType<typeof alertListSchema.parse>['alerts']>
  /** The sensor as the page's status line knows it. */
  sensor(): Promise<ReturnType<typeof statusSchema.parse>['sensors'][number]>
  signIn(context: BrowserContext): Promise<void>
  /** Ends it; resolves to its exit code, null when the signal was deadly. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/**
 * `wardwatch run` in a process of its own, on a free port, with its configuration and data in `folder`. Somebody who has
 * been set up on an earlier start is logged in again.
 */
export async function startLiveService(folder: string, config: ConfigInput): Promise<LiveService> {
  const file = join(folder, 'wardwatch.yaml')
  writeFileSync(file, stringify({ data: join(folder, 'data'), ...config }))
  const child = spawn(process.execPath, [main, 'run', '--port', '0', '--config', file], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const log = keepLog(child)
  const url = await log.told(/the page is at (\S+)/)
  const link = await Promise.race([
    log.told(/(http\S+#\/set-up\/\S+)/),
    // Set up before: no link comes.
    setTimeout(3000, null),
  ])
  const credentials = link === null ? await logIn(url) : await setUp(link)
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { headers: credentials })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  return {
    url,
    credentials,
    log: log.text,
    alerts: async () => alertListSchema.parse(await ask('/api/alerts?limit=1000')).alerts,
    sensor: async () => statusSchema.parse(await ask('/api/status')).sensors[0]!,
    async signIn(context) {
      const [name, value] = credentials.cookie.split('=') as [string, string]
      const flags = { httpOnly: true, secure: true, sameSite: 'Strict' } as const
      await context.addCookies([{ name, value, url: url.replace('http', 'https'), ...flags }])
    },
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return (await exited)[0]
    },
  }
}

function keepLog(child: ChildProcess) {
  let log = ''
  child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  return {
    text: () => log,
    /** Resolves to the first group of the pattern once it has been written. */
    told: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(log)
          if (found !== null) resolve(found[1]!)
        }
        child.stderr!.on('data', look)
        child.once('exit', () => reject(new Error(log)))
        look()
      }),
  }
}

/** Processes that capture on the interface, whoever started them, by what the system tells of each. */
export function capturesOn(port: string): { pid: number; uid: number; capabilities: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        if (!words[0]?.endsWith('tcpdump') || !words.includes(port)) return []
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)![1]!
        return [{ pid: Number(pid), uid: Number(field('Uid')), capabilities: field('CapEff') }]
      } catch {
        // It ended while it was looked at.
        return []
      }
    })
}
