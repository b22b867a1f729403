import type { TestProject } from 'vitest/node'
import {
  type InfluxdbAccess,
  influxdbFromEnvironment,
  startInfluxdb,
} from '../../scripts/services/influxdb.mjs'
import { kafkaFromEnvironment, startKafka } from '../../scripts/services/kafka.mjs'

declare module 'vitest' {
  export interface ProvidedContext {
    kafkaBrokers: string[]
    influxdb: InfluxdbAccess
  }
}

type Stop = () => Promise<void>

/** Starts what the `services` project needs, once for all its files; returns how to stop it. */
export default async function startServices(project: TestProject): Promise<Stop> {
  const stops: Stop[] = []
  const stop = async () => {
    for (const one of stops.splice(0)) await one()
  }
  try {
    stops.push(await provideKafka(project))
    stops.push(await provideInfluxdb(project))
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

async function provideKafka(project: TestProject): Promise<Stop> {
  const given = kafkaFromEnvironment()
  const kafka = given === null ? await startKafka() : null
  project.provide('kafkaBrokers', given ?? kafka!.brokers)
  return () => kafka?.stop() ?? Promise.resolve()
}

async function provideInfluxdb(project: TestProject): Promise<Stop> {
  const given = influxdbFromEnvironment()
  const influxdb = given === null ? await startInfluxdb() : null
  const { url, org, token } = given ?? influxdb!
  project.provide('influxdb', { url, org, token })
  return () => influxdb?.stop() ?? Promise.resolve()
}
