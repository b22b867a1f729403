import { isLoopback } from '../address.ts'
import { defineOpenRoute, Refusal, type Route } from '../http/route.ts'

/** What machines ask of this process (app/operation/): the same answers as on `operation.port`. */
export interface OperationAnswers {
  readonly health: () => OperationVerdict
  readonly readiness: () => OperationVerdict
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
}

interface OperationVerdict {
  readonly isGood: boolean
  readonly missing: readonly string[]
}

/** Without a session: a watchdog has none. Names of parts and numbers are for this machine only. */
export function operationRoutes({ health, readiness, metrics }: OperationAnswers): Route[] {
  const told = (path: string, verdict: () => OperationVerdict, word: string): Route =>
    defineOpenRoute({
      method: 'GET',
      path,
      handle: ({ from }) => {
        const { isGood, missing } = verdict()
        const names = isLoopback(from) ? missing.join('\n') : `not ${word}`
        const file = `${isGood ? word : names}\n`
        return Promise.resolve({ status: isGood ? 200 : 503, file, type: 'text/plain' })
      },
    })
  return [
    told('/healthz', health, 'alive'),
    told('/readyz', readiness, 'ready'),
    defineOpenRoute({
      method: 'GET',
      path: '/metrics',
      handle: async ({ from }) => {
        if (!isLoopback(from))
          throw new Refusal(403, 'on this machine only; others read operation.port with its token')
        const { type, text } = await metrics()
        return { file: text, type }
      },
    }),
  ]
}
