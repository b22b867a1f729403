import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as requestPlain } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { watchTlsFiles } from '../../dashboard/adapters/tls-files.ts'
import type { TlsFiles } from '../../dashboard/tls-files.ts'
import { createPlainPasswords, openDashboard } from '../support/open-dashboard.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { selfSigned } from '../support/self-signed.ts'

const first = selfSigned('first')
const second = selfSigned('second')
const publicUrl = 'https://ward.example'
let folder: string
let files: TlsFiles
let paths: { certificateFile: string; keyFile: string }
let logger: ReturnType<typeof createQuietLogger>

const write = async (cert: string, key: string) => {
  await writeFile(paths.keyFile, key)
  await writeFile(paths.certificateFile, cert)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'))
  paths = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  await write(first.cert, first.key)
  logger = createQuietLogger()
  files = watchTlsFiles(paths, { logger })
})
afterEach(async () => {
  files.stop()
  await rm(folder, { recursive: true })
})

/** Status and header fields of an HTTPS answer. */
function get(port: string, host: string, ca: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined
    hsts: string | undefined
    name: string
  }>()
  const call = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path: '/api/session',
    headers: { host },
    ca,
    agent: false,
  })
  call.on('response', (response) => {
    response.resume()
    const hsts = response.headers['strict-transport-security']
    if (!(response.socket instanceof TLSSocket)) {
      reject(new Error('not encrypted'))
      return
    }
    const { subject } = response.socket.getPeerCertificate()
    resolve({ status: response.statusCode, hsts, name: [subject.CN].join() })
  })
  call.on('error', reject)
  call.end()
  return promise
}

describe('a dashboard beyond loopback', () => {
  test('encrypts, takes a renewed certificate without a restart, and keeps the old one when the new is bad', async () => {
    const config = { host: '0.0.0.0', publicUrl, tls: paths }
    const ward = await openDashboard({ config, tls: files, passwords: createPlainPasswords() })
    try {
      expect(ward.url()).toBe(publicUrl)
      const port = String(ward.dashboard.port())
      const byName = await get(port, 'ward.example', first.cert)
      expect(byName).toEqual({ status: 200, hsts: 'max-age=31536000', name: 'first' })
      // HSTS holds for every port of a name, and localhost is not ours alone.
      const local = await get(port, `localhost:${port}`, first.cert)
      expect(local).toMatchObject({ status: 200, hsts: undefined })
      expect((await get(port, 'rebound.example', first.cert)).status).toBe(403)

      await writeFile(paths.certificateFile, second.cert)
      await vi.waitFor(
        () =>
          expect(logger.lines.map(({ message }) => message)).toContain(
            'new certificate refused, the old one stays',
          ),
        { timeout: 15_000, interval: 100 },
      )
      expect((await get(port, 'ward.example', first.cert)).name).toBe('first')
      await writeFile(paths.keyFile, second.key)
      await vi.waitFor(
        async () => expect((await get(port, 'ward.example', second.cert)).name).toBe('second'),
        { timeout: 15_000, interval: 100 },
      )
    } finally {
      await ward.stop()
    }
  }, 60_000)

  test('speaks TLS 1.2 and newer only', async () => {
    const ward = await openDashboard({
      config: { tls: paths },
      tls: files,
      passwords: createPlainPasswords(),
    })
    const speak = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = connect({
          host: '127.0.0.1',
          port: ward.dashboard.port(),
          ca: first.cert,
          minVersion: version,
          maxVersion: version,
          // Without this, today's OpenSSL would refuse old versions on our side already.
          ciphers: 'DEFAULT@SECLEVEL=0',
        })
        socket.on('secureConnect', () => {
          resolve(socket.getProtocol() ?? 'none')
          socket.destroy()
        })
        socket.on('error', () => resolve('refused'))
      })
    try {
      expect(await speak('TLSv1.1')).toBe('refused')
      expect(await speak('TLSv1.2')).toBe('TLSv1.2')
      expect(await speak('TLSv1.3')).toBe('TLSv1.3')
    } finally {
      await ward.stop()
    }
  })
})

test.each([
  { name: 'not there', write: () => rm(paths.keyFile) },
  { name: 'of two certificates', write: () => writeFile(paths.keyFile, second.key) },
  { name: 'no certificates', write: () => writeFile(paths.certificateFile, 'hello') },
])('files that are $name are refused at the start', async ({ write: spoil }) => {
  await spoil()
  expect(() => watchTlsFiles(paths, { logger })).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('dashboard.tls') as string,
    }) as Error,
  )
})

test('behind a trusted proxy, whose word about the caller counts, and nobody else’s', async () => {
  const config = { publicUrl, trustedProxies: ['127.0.0.1'] }
  const ward = await openDashboard({ config, passwords: createPlainPasswords() })
  const call = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asking = requestPlain(
        {
          host: '127.0.0.1',
          port: ward.dashboard.port(),
          path: '/api/session',
          method: 'POST',
          headers: {
            host: 'ward.example',
            origin: publicUrl,
            'content-type': 'application/json',
            ...headers,
          },
        },
        (response) => {
          response.resume()
          resolve(response.statusCode)
        },
      )
      asking.on('error', reject)
      asking.end('{"name":"nobody","password":"x"}')
    })
  try {
    const https = { 'x-forwarded-proto': 'https' }
    expect(await call({})).toBe(403)
    expect(await call({ 'x-forwarded-proto': 'http' })).toBe(403)
    expect(await call({ ...https, 'x-forwarded-for': '6.6.6.6, 10.9.8.7' })).toBe(401)
    const [refused] = await ward.accounts.audit.list({ limit: 1 })
    // The rightmost that is no proxy of ours; what stands left of it the caller may have written.
    expect(refused?.from).toBe('10.9.8.7')
  } finally {
    await ward.stop()
  }
})
