import type { Logger } from '../../records/service.ts'

const ignore = (): void => {}

/** A logger for tests that do not look at logs. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLogger,
}
