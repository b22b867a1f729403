import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import type { TlsContent, TlsFiles } from '../tls-files.ts'

/** How often the files' times are looked at. Looking works on every file system; being told does not. */
const lookEveryMs = 2000

/**
 * Reads certificate and key, and again when one of them changes. A pair that does not fit together (one of the files is
 * being replaced) is told once and left alone until it changes again; the old pair stays in force.
 * @throws WardwatchError CONFIG_INVALID when the files cannot be read or do not fit at the start
 */
export function watchTlsFiles(
  config: { readonly certificateFile: string; readonly keyFile: string },
  deps: { readonly logger: Logger },
): TlsFiles {
  const { certificateFile, keyFile } = config
  const listeners: ((content: TlsContent) => void)[] = []
  let seen = stampOf()
  let content = read()

  function stampOf(): string {
    return [certificateFile, keyFile]
      .map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 'none')
      .join(' ')
  }

  function read(): TlsContent {
    try {
      const pair = {
        cert: readFileSync(certificateFile, 'utf8'),
        key: readFileSync(keyFile, 'utf8'),
      }
      if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)))
        throw new Error('the key is not that of the certificate')
      return pair
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new WardwatchError(
        'CONFIG_INVALID',
        `dashboard.tls: ${certificateFile} and ${keyFile} are no certificate and its key: ${reason}`,
        { cause },
      )
    }
  }

  function look(): void {
    const stamp = stampOf()
    if (stamp === seen) return
    seen = stamp
    try {
      const next = read()
      for (const take of listeners) take(next)
      content = next
      deps.logger.info({ certificateFile }, 'certificate read anew')
    } catch (err) {
      deps.logger.error({ err, certificateFile }, 'new certificate refused, the old one stays')
    }
  }

  const timer = setInterval(look, lookEveryMs)
  timer.unref()
  return {
    current: () => content,
    onChange: (take) => {
      listeners.push(take)
    },
    stop: () => clearInterval(timer),
  }
}
