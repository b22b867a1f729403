import { destination, pino } from 'pino'
import type { Logger } from '../records/service.ts'

/** Fields that could carry a secret or a person: never written, whoever passes them. */
export const redactedPaths = [
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  '*.password',
  '*.secret',
  '*.token',
  '*.authorization',
  '*.cookie',
  'config.bus.sasl',
  'config.bus.tls',
]

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** The root logger: JSON lines to standard error; standard output belongs to results. */
export function createLogger(level: LogLevel, stream?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[redacted]' },
  }
  return pino(options, stream ?? destination({ dest: 2, sync: true }))
}
