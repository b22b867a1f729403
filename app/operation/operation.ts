import type { Logger } from '../../records/service.ts'
import type { OperationConfig } from './config.ts'
import { createExposition } from './exposition.ts'
import { type HealthFacts, healthOf, readinessOf } from './health.ts'
import { createOperationServer, type OperationServer } from './server.ts'
import type { Watched } from './watched.ts'

/** Health and metrics of the parts of this process, served on `operation.port`; null where none is configured. */
export function createOperation(
  config: OperationConfig,
  { watched, logger }: { readonly watched: Watched; readonly logger: Logger },
): OperationServer | null {
  const { port } = config
  if (port === null) return null
  const exposition = createExposition(watched)
  return createOperationServer(
    { ...config, port },
    {
      health: () => healthOf(factsOf(watched)),
      readiness: () => readinessOf(factsOf(watched)),
      metrics: () => exposition.text(),
      logger,
    },
  )
}

export function factsOf(watched: Watched): HealthFacts {
  const { traffic, now } = watched
  return {
    parts: watched.parts(),
    readers: traffic.readers(),
    threads: Object.fromEntries(watched.threads().map(({ name, heardMs }) => [name, heardMs])),
    nowMs: now(),
  }
}
