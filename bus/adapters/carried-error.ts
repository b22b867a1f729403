import { type ErrorCode, isWardwatchError, WardwatchError } from '../../records/errors.ts'

/** An error as plain data. A structured clone of an Error forgets its class, and with it code, fields and retryability. */
export interface CarriedError {
  readonly name: string
  readonly message: string
  readonly stack: string
  /** Present for a WardwatchError. */
  readonly code?: ErrorCode
  readonly retryable?: boolean
  readonly fields?: Record<string, unknown>
  readonly cause?: CarriedError
}

export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: '' }
  const { name, message, stack = '' } = error
  const cause = error.cause === undefined ? {} : { cause: carryError(error.cause) }
  if (!isWardwatchError(error)) return { name, message, stack, ...cause }
  const { code, retryable, fields } = error
  return { name, message, stack, code, retryable, fields: { ...fields }, ...cause }
}

export function raiseCarried(carried: CarriedError): Error {
  const { name, message, stack, code, retryable = false, fields = {} } = carried
  const cause = carried.cause === undefined ? {} : { cause: raiseCarried(carried.cause) }
  const error =
    code === undefined
      ? new Error(message, cause)
      : new WardwatchError(code, message, { retryable, fields, ...cause })
  // Its own name only where the class does not give it.
  if (error.name !== name) error.name = name
  error.stack = stack
  return error
}
