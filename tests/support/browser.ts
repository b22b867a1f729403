import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium'
import { type Browser, chromium as driver } from 'playwright-core'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where Debian and its kin put theirs. */
const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser']

/**
 * A real Chromium: the machine's, else the one inside the npm package @sparticuz/chromium, unpacked below the temporary
 * folder with the libraries it needs. WARDWATCH_TEST_BROWSER=package takes the package's in any case.
 */
export async function launchBrowser(): Promise<Browser> {
  const isPackaged = process.env['WARDWATCH_TEST_BROWSER'] === 'package'
  const system = isPackaged ? undefined : systemPaths.find((path) => existsSync(path))
  const executablePath = system ?? (await unpackChromium())
  return driver.launch({ executablePath, args: flags, timeout: 60_000 })
}

async function unpackChromium(): Promise<string> {
  const packaged = join(import.meta.dirname, '../../node_modules/@sparticuz/chromium/bin')
  // The package thinks of AWS Lambda only; elsewhere its libraries (NSS and others) must be asked for.
  await inflate(join(packaged, 'al2023.tar.br'))
  setupLambdaEnvironment(join(tmpdir(), 'al2023', 'lib'))
  return chromium.executablePath(packaged)
}
