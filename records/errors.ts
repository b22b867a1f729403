/** Every code an operator can meet; docs/errors.md tells the remedy of each. */
export const errorCodes = [
  'ALERT_CHANGED',
  'ALERT_STORE_FAILED',
  'AUDIT_BROKEN',
  'BACKUP_DAMAGED',
  'BAD_USAGE',
  'BUS_MISCONFIGURED',
  'BUS_OFFSET_GONE',
  'BUS_UNAVAILABLE',
  'CAPTURE_NOT_PERMITTED',
  'CAPTURE_PROGRAM_MISSING',
  'CAPTURE_UNREADABLE',
  'CAPTURE_UNSUPPORTED',
  'CONFIG_INVALID',
  'DUCKDB_FAILED',
  'DUCKDB_UNAVAILABLE',
  'INPUT_NOT_FOUND',
  'INTERFACE_NOT_FOUND',
  'NOTIFICATION_FAILED',
  'PARTITION_LOST',
  'PORT_IN_USE',
  'RECORD_MALFORMED',
  'RECORD_VERSION_UNKNOWN',
  'SERIES_STORE_FAILED',
  'STATE_INCOMPATIBLE',
  'STATE_STORE_FAILED',
  'THREAD_ENDED',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * What an operator must know. Match on `code`, never on the text.
 * `retryable` says whether the same call can succeed later without anybody changing anything.
 */
export class WardwatchError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; cause?: unknown; fields?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'WardwatchError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.fields = options.fields ?? {}
  }
}

/** True when `error` is a WardwatchError, of the given code if one is named. */
export function isWardwatchError(error: unknown, code?: ErrorCode): error is WardwatchError {
  return error instanceof WardwatchError && (code === undefined || error.code === code)
}
