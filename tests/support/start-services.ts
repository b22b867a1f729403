import type { TestProject } from 'vitest/node'
import { kafkaFromEnvironment, startKafka } from '../../scripts/services/kafka.mjs'

declare module 'vitest' {
  export interface ProvidedContext {
    kafkaBrokers: string[]
  }
}

/** Starts what the `services` project needs, once for all its files; returns how to stop it. */
export default async function startServices(project: TestProject): Promise<() => Promise<void>> {
  const given = kafkaFromEnvironment()
  if (given !== null) {
    project.provide('kafkaBrokers', given)
    return () => Promise.resolve()
  }
  const kafka = await startKafka()
  project.provide('kafkaBrokers', kafka.brokers)
  return () => kafka.stop()
}
