import type { Bus, OutgoingMessage } from '../bus/bus.ts'
import { encodeObservation } from '../records/codec.ts'
import type { ControlCommand } from '../records/control.ts'
import { partitionOf } from '../records/observation.ts'
import { type BatchBuilder, createBatchBuilder } from './batch-builder.ts'
import { createBindings } from './bindings.ts'
import type { IngestConfig } from './config.ts'
import type { Evidence } from './evidence/service.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import type { RecordSource } from './record-source.ts'
import type { Source } from './source.ts'

/** From packets to published messages: what replay, paced and live reading have in common. */
export interface SensorCore {
  readonly pipeline: Pipeline
  readonly builder: BatchBuilder
  /** Publishes what has been built; calls follow one another, so that messages keep their order. */
  publish(): Promise<void>
  /** The bus has not accepted everything yet. */
  readonly isPublishing: boolean
  /** A decision of a person: in band to every partition, and to the topic that keeps what was decided. */
  tell(command: ControlCommand): Promise<void>
}

export interface SensorCoreDependencies {
  readonly bus: Bus
  /** All that will be read: what they refuse and lose is part of the sensor's health. */
  readonly sources: readonly (Source | RecordSource)[]
  readonly seed: number
  /** Keeps what is read for a while, so that the packets of an anomaly can be found. */
  readonly evidence?: Evidence
}

export function createSensorCore(config: IngestConfig, deps: SensorCoreDependencies): SensorCore {
  const { bus, sources } = deps
  const bindings = createBindings(config)
  const outbox: OutgoingMessage[] = []
  const builder = createBatchBuilder(
    { ...config, partitionCount: bus.partitionCount('observations') },
    {
      bindings,
      health: () => pipeline.health(),
      send: (partition, value) => outbox.push({ topic: 'observations', partition, value }),
    },
  )
  const pipeline = createPipeline(config, {
    sink: builder,
    bindings,
    seed: deps.seed,
    sourceRejects: () => sumOf(sources.map(({ rejects }) => rejects)),
    ...(deps.evidence === undefined ? {} : { tap: deps.evidence.keep }),
    captures: sources.flatMap((source) => ('live' in source ? (source.live ?? []) : [])),
  })
  let lastPublish: Promise<void> = Promise.resolve()
  let publishing = 0

  function publish(): Promise<void> {
    publishing++
    lastPublish = lastPublish.then(async () => {
      if (outbox.length > 0) await bus.publish(outbox.splice(0))
      publishing--
    })
    return lastPublish
  }

  return {
    pipeline,
    builder,
    publish,
    get isPublishing() {
      return publishing > 0
    },
    async tell(command) {
      builder.control(command)
      const value = encodeObservation({
        kind: 'control',
        site: command.site,
        sensor: config.sensor,
        run: command.id,
        sequence: 1,
        clockUs: 0,
        health: pipeline.health(),
        command,
        flows: null,
        summaries: null,
      })
      const partition = partitionOf(command.site, bus.partitionCount('control'))
      await bus.publish([{ topic: 'control', partition, value }])
      await publish()
    },
  }
}

function sumOf(parts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const part of parts)
    for (const [cause, count] of part) sums.set(cause, (sums.get(cause) ?? 0) + count)
  return sums
}
