import { destination, pino } from 'pino'
import type { Logger } from '../records/service.ts'

/** Fields that could carry a secret or a person: never written, whoever passes them. */
export const redactedPaths = [
  'password',
  'secret',
  'token',
  'routingKey',
  'authorization',
  'cookie',
  '*.password',
  '*.secret',
  '*.token',
  '*.routingKey',
  '*.authorization',
  '*.cookie',
  'config.alerts.receivers',
  'config.bus.sasl',
  'config.bus.tls',
  'config.series.token',
]

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** Whether `debug` lines are written at this level. */
export function isDebug(level: LogLevel): boolean {
  return level === 'debug' || level === 'trace'
}

/** The logger of a process. */
export interface RootLogger extends Logger {
  /** For this logger and every child it has made. */
  setLevel(level: LogLevel): void
}

/** The root logger: JSON lines to standard error; standard output belongs to results. */
export function createLogger(level: LogLevel, stream?: { write(line: string): void }): RootLogger {
  // pino copies the level into each child; there is one for every part and subscription.
  const children = new Set<pino.Logger>()
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[redacted]' },
    onChild: (child) => void children.add(child),
  }
  const root = pino(options, stream ?? destination({ dest: 2, sync: true }))
  return Object.assign(root, {
    setLevel(next: LogLevel) {
      for (const logger of [root, ...children]) logger.level = next
    },
  })
}
