import type { Logger } from '../../records/service.ts'
import type { ThreadLine } from './protocol.ts'

export interface ThreadLog {
  readonly logger: Logger
  /** Whether `debug` lines are sent, too: most are not worth the crossing. */
  setDebug(isDebug: boolean): void
}

/** The logger of a thread: its lines go to the root logger, which alone knows level, redaction and place. */
export function createThreadLog(send: (line: ThreadLine) => void, isDebug: boolean): ThreadLog {
  const state = { isDebug }
  const create = (bindings: object): Logger => {
    const text = toJson(bindings)
    const at = (level: ThreadLine['level']) => (fields: object, message: string) => {
      if (level === 'debug' && !state.isDebug) return
      send({ level, bindings: text, fields: toJson(fields), message })
    }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => create({ ...bindings, ...more }),
    }
  }
  return {
    logger: create({}),
    setDebug(isDebugNow) {
      state.isDebug = isDebugNow
    },
  }
}

/** Writes a thread's line with the logger of the process. */
export function writeThreadLine(logger: Logger, thread: string, line: ThreadLine): void {
  const fields = {
    ...(JSON.parse(line.bindings) as object),
    ...(JSON.parse(line.fields) as object),
    thread,
  }
  logger[line.level](fields, line.message)
}

/** Errors in the form in which pino writes them; their own fields (`code` …) included. */
function toJson(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    if (!(value instanceof Error)) return value
    const { message, stack, cause, name: type } = value
    const told = cause === undefined ? {} : { cause }
    return Object.assign({}, value, { type, message, stack }, told)
  })
}
