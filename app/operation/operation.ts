import type { Logger } from '../../records/service.ts'
import type { OperationConfig } from './config.ts'
import { createExposition } from './exposition.ts'
import { type HealthFacts, healthOf, readinessOf } from './health.ts'
import { createOperationServer, type OperationAnswers, type OperationServer } from './server.ts'
import type { Watched } from './watched.ts'

/** What machines ask of a process, wherever they ask it: `operation.port`, or the port of the page. */
export function createAnswers(watched: Watched): OperationAnswers {
  let exposition: ReturnType<typeof createExposition> | null = null
  return {
    health: () => healthOf(factsOf(watched)),
    readiness: () => readinessOf(factsOf(watched)),
    // Measuring the process itself begins when somebody wants to know.
    metrics: () => (exposition ??= createExposition(watched)).text(),
  }
}

/** Health and metrics of the parts of this process, served on `operation.port`; null where none is configured. */
export function createOperation(
  config: OperationConfig,
  { answers, logger }: { readonly answers: OperationAnswers; readonly logger: Logger },
): OperationServer | null {
  const { port } = config
  return port === null ? null : createOperationServer({ ...config, port }, { ...answers, logger })
}

function factsOf(watched: Watched): HealthFacts {
  const { traffic, now } = watched
  return {
    parts: watched.parts(),
    readers: traffic.readers(),
    threads: Object.fromEntries(watched.threads().map(({ name, heardMs }) => [name, heardMs])),
    nowMs: now(),
  }
}
