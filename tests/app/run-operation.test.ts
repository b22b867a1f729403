import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/long-capture.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const folder = temporaryFolder()
afterAll(folder.remove)

/** The service with this configuration, and its log as it comes. */
function startService(config: string) {
  const file = join(folder.path, 'wardwatch.yaml')
  writeFileSync(file, config)
  const child = spawn(process.execPath, [main, 'run', '--config', file, '--port', '0'], {
    cwd: folder.path,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let log = ''
  const news = new EventTarget()
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
    news.dispatchEvent(new Event('line'))
  })
  child.once('exit', () => news.dispatchEvent(new Event('line')))
  return {
    child,
    file,
    exited,
    log: () => log,
    /** Waits for a line of the log. */
    async line(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(log)
        if (found !== null) return found
        if (child.exitCode !== null) throw new Error(log)
        await once(news, 'line')
      }
    },
  }
}

// A process of its own, on a machine that may be busy: limits are for hanging, not for speed.
test(
  'a service tells its health, reads its configuration again on SIGHUP, and ends with 0',
  { timeout: 120_000 },
  async () => {
    const base = 'operation: { port: 0 }\n'
    const service = startService(base)
    const [, url] = await service.line(/"url":"([^"]+)","msg":"health and metrics are served"/)
    await service.line(/the page is at/)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)

    writeFileSync(service.file, `${base}log: { level: loud }\n`)
    service.child.kill('SIGHUP')
    await service.line(
      /wardwatch\.yaml:2: log\.level.*configuration refused, the running one stays/,
    )
    writeFileSync(service.file, `${base}log: { level: debug }\n`)
    service.child.kill('SIGHUP')
    await service.line(/"applied":\["log\.level"\],"msg":"configuration read again"/)

    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('wardwatch_app_configuration_reloads_total{outcome="refused"} 1')
    expect(metrics).toContain('wardwatch_app_configuration_reloads_total{outcome="accepted"} 1')
    service.child.kill('SIGTERM')
    expect((await service.exited)[0], service.log()).toBe(0)
  },
)
