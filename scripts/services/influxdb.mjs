// Starts an InfluxDB 2 server for tests and benchmarks, on this machine, built from its Go module (influxdb-build.mjs).
// Plain Node ≥ 20 without dependencies. `node scripts/services/influxdb.mjs` runs one until interrupted.
// WARDWATCH_INFLUXDB_URL, _ORG and _TOKEN (one that may make buckets) use a server that is already there instead.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { influxdProgram } from './influxdb-build.mjs'

const startSeconds = 60
const org = 'wardwatch'

/** Server that the environment names, or null. */
export function influxdbFromEnvironment() {
  const { WARDWATCH_INFLUXDB_URL: url, WARDWATCH_INFLUXDB_TOKEN: token } = process.env
  if (!url || !token) return null
  return { url, token, org: process.env.WARDWATCH_INFLUXDB_ORG || org }
}

/**
 * A server of its own on a free loopback port, with an empty temporary folder, an organisation and a token for
 * everything. `kill` ends it as a crash does; `restart` starts it again on the same data and port; `stop` removes all.
 */
export async function startInfluxdb() {
  const program = await influxdProgram()
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-influxdb-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const token = randomBytes(24).toString('base64url')
  let server = await launch()
  await setUp(url, token)

  async function launch() {
    const output = createWriteStream(join(folder, 'server.log'), { flags: 'a' })
    const child = spawn(
      program,
      [
        `--http-bind-address=127.0.0.1:${port}`,
        `--bolt-path=${join(folder, 'influxd.bolt')}`,
        `--sqlite-path=${join(folder, 'influxd.sqlite')}`,
        `--engine-path=${join(folder, 'engine')}`,
        '--reporting-disabled',
        '--log-level=warn',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } },
    )
    child.stdout.pipe(output)
    child.stderr.pipe(output)
    const exited = once(child, 'exit')
    // A test run that ends without `stop` leaves no server behind.
    const killWithUs = () => child.kill('SIGKILL')
    process.once('exit', killWithUs)
    child.once('exit', () => process.off('exit', killWithUs))
    try {
      await untilReady(url, child)
    } catch (error) {
      child.kill('SIGKILL')
      const log = await readFile(join(folder, 'server.log'), 'utf8')
      throw new Error(`${error.message}\n${log.slice(-2_000)}`)
    }
    return { child, exited }
  }

  return {
    url,
    org,
    token,
    async kill() {
      server.child.kill('SIGKILL')
      await server.exited
    },
    async restart() {
      server = await launch()
    },
    async stop() {
      server.child.kill('SIGKILL')
      await server.exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** First user, organisation and token; the bucket it must name is not used. */
async function setUp(url, token) {
  const response = await fetch(`${url}/api/v2/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      username: 'tests',
      password: randomBytes(18).toString('base64url'),
      org,
      bucket: 'unused',
      token,
    }),
  })
  if (response.status !== 201)
    throw new Error(`InfluxDB refused its set-up: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** `/ready` answers 200 once the storage engine has read its log. */
async function untilReady(url, child) {
  const deadline = Date.now() + startSeconds * 1_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`InfluxDB ended with code ${child.exitCode}`)
    if (await isReady(url)) return
    if (Date.now() > deadline)
      throw new Error(`InfluxDB was not ready within ${startSeconds} s of its start`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function isReady(url) {
  try {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    // Not listening yet: the deadline above decides.
    return false
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const influxdb = await startInfluxdb()
  console.log(JSON.stringify({ url: influxdb.url, org: influxdb.org, token: influxdb.token }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void influxdb.stop())
}
