import {
  type ErrorCode,
  errorCodes,
  isWardwatchError,
  WardwatchError,
} from '../../../records/errors.ts'
import type { SentError } from './requests.ts'

/** An error as it travels from the child. */
export function toSentError(error: unknown): SentError {
  if (isWardwatchError(error)) {
    const { code, message, retryable, fields } = error
    return { code, message, retryable, fields }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: null, message, retryable: false, fields: {} }
}

/** The error that arrived; what is none of ours is DuckDB's, or the disk's. */
export function errorFrom({ code, message, retryable, fields }: SentError): WardwatchError {
  const known = errorCodes.find((one): one is ErrorCode => one === code) ?? 'DUCKDB_FAILED'
  return new WardwatchError(known, message, { retryable, fields: { ...fields } })
}
