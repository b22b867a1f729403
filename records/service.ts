/** A part of the product: inert until started. `stop` drains what it holds and may be called twice. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What stages need of a logger; pino's own type fits (fields first, then a fixed lower-case message). */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(bindings: object): Logger
}
