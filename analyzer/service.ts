import type { Bus, IncomingMessage, OutgoingMessage, Subscription } from '../bus/bus.ts'
import type { AnomalyMessage } from '../records/anomaly.ts'
import { decodeObservation, encodeAnomalyMessage, encodeObservation } from '../records/codec.ts'
import type { ControlCommand } from '../records/control.ts'
import { isWardwatchError } from '../records/errors.ts'
import { type ObservationMessage, partitionOf, type SensorHealth } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import type { StateStore } from '../store/state-store.ts'
import { type HeldPartition, openHeld, writeCheckpoint } from './checkpoint.ts'
import type { AnalyzerConfig } from './config.ts'
import type { DeclaredPolicy, Detector } from './detector.ts'
import { configureDetector, createEngine, type EngineStats, type Judgement } from './engine.ts'
import { createSensorRecorder } from './sensor-health.ts'

export interface AnalyzerDeps {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'partitions'> & {
    readonly devices: Pick<StateStore['devices'], 'noteSensors'>
  }
  readonly policy: DeclaredPolicy
  /** analyzer/detectors/index.ts, in its order. */
  readonly detectors: readonly Detector[]
  /** inventory/vendor.ts */
  readonly vendorOf: (mac: string) => string | null
  readonly logger: Logger
  /** Wall clock in ms: when a checkpoint is due, and how often an error is logged. It decides nothing else. */
  readonly now: () => number
  /** The analyzer has stopped for good: the bus broke, or the state could not be read or written. */
  readonly failed: (error: unknown) => void
}

/** Totals since the start; the engine's are summed over the partitions held now. */
export interface AnalyzerStats {
  readonly messages: number
  readonly anomalies: number
  /** Messages that could not be decoded: counted, logged, skipped. */
  readonly quarantined: number
  readonly checkpoints: number
  /** Bytes of state written, in all checkpoints. */
  readonly stateBytes: number
  readonly partitionsLost: number
  readonly partitions: Readonly<Record<number, EngineStats>>
}

export interface Analyzer extends Service {
  stats(): AnalyzerStats
}

/** Most warnings about undecodable messages in ten seconds; all are counted. */
const warningsMax = 3
const warningWindowMs = 10_000

/**
 * Judges the observations of the partitions that the bus gives it and publishes what its detectors find.
 * A message's anomalies are accepted by the bus before a checkpoint covers it (docs/decisions/0004).
 * @throws ZodError when the configuration of a detector is wrong.
 */
export function createAnalyzer(config: AnalyzerConfig, deps: AnalyzerDeps): Analyzer {
  const { bus, states, now } = deps
  const logger = deps.logger.child({ stage: 'analyzer' })
  const engine = createEngine({
    detectors: deps.detectors.map((detector) =>
      configureDetector(detector, config.detectors[detector.behaviour] ?? {}),
    ),
    policy: deps.policy,
    config: config.engine,
    vendorOf: deps.vendorOf,
  })
  const held = new Map<number, HeldPartition>()
  const counts = {
    messages: 0,
    anomalies: 0,
    quarantined: 0,
    checkpoints: 0,
    stateBytes: 0,
    partitionsLost: 0,
  }
  const warn = sampled(now, (fields) => logger.warn(fields, 'message cannot be read, skipped'))
  const intervalMs = config.checkpointSeconds * 1000
  const sensors = createSensorRecorder({ store: states.devices, logger, now })
  let subscription: Subscription | null = null

  async function assigned(partition: number): Promise<number> {
    const partitionCount = bus.partitionCount('observations')
    // Staggered: partitions that are taken together are not due together.
    const dueMs = now() + (intervalMs * (partition + 1)) / partitionCount
    const opened = await openHeld(engine, states.partitions, partition, partitionCount, dueMs)
    held.set(partition, opened)
    logger.info(
      { partition, epoch: opened.epoch, nextOffset: opened.nextOffset },
      'partition taken',
    )
    return bus.isDurable ? opened.nextOffset : 0
  }

  async function messages(partition: number, incoming: readonly IncomingMessage[]): Promise<void> {
    const own = held.get(partition)
    // Lost to another worker: what still arrives here is that worker's to judge.
    if (own === undefined) return
    const outgoing: OutgoingMessage[] = []
    const commands: ControlCommand[] = []
    let hasEnded = false
    for (const { offset, value } of incoming) {
      if (bus.isDurable && offset < own.nextOffset) continue
      const position = bus.isDurable ? offset : own.nextOffset
      const message = read(partition, offset, value)
      if (message !== null) sensors.note(message)
      const judgement = message === null ? null : own.engine.onMessage(message, position)
      counts.messages++
      if (bus.isDurable || judgement?.isRepeated !== true) own.nextOffset = position + 1
      own.isClean = false
      if (message === null || judgement === null) continue
      hasEnded ||= judgement.hasEnded
      if (judgement.learningGap !== null)
        logger.warn({ partition, ...judgement.learningGap }, 'nothing learned meanwhile')
      outgoing.push(...messagesOf(bus, partition, position, message, judgement))
      commands.push(...judgement.commands)
      counts.anomalies += judgement.anomalies.length
    }
    if (outgoing.length > 0) await bus.publish(outgoing)
    await sensors.flush()
    if (commands.length > 0) answer(own, commands)
    if (hasEnded || now() >= own.dueMs) await checkpoint(own)
  }

  /**
   * Answers go back to `observations`, which this very call keeps from draining: awaiting them here could wait for ever
   * on a full partition. No checkpoint is written meanwhile, so that a crash sends them again.
   */
  function answer(own: HeldPartition, commands: readonly ControlCommand[]): void {
    own.answersInFlight++
    bus.publish(commands.flatMap((command) => commandMessages(bus, command))).then(
      () => own.answersInFlight--,
      (error: unknown) => deps.failed(error),
    )
  }

  function read(partition: number, offset: number, value: Uint8Array): ObservationMessage | null {
    try {
      return decodeObservation(value)
    } catch (err) {
      if (
        !isWardwatchError(err, 'RECORD_MALFORMED') &&
        !isWardwatchError(err, 'RECORD_VERSION_UNKNOWN')
      )
        throw err
      counts.quarantined++
      warn({ partition, offset, bytes: value.length, err })
      return null
    }
  }

  async function checkpoint(own: HeldPartition): Promise<void> {
    if (own.isClean || own.answersInFlight > 0) return
    // What a checkpoint covers is never judged again: its anomalies must be safe before.
    await bus.settled('anomalies')
    try {
      counts.stateBytes += await writeCheckpoint(states.partitions, own)
    } catch (err) {
      // Whatever went wrong, what had changed is no longer marked: this copy must never be saved.
      held.delete(own.partition)
      if (!isWardwatchError(err, 'PARTITION_LOST')) throw err
      counts.partitionsLost++
      logger.warn(
        { partition: own.partition, epoch: own.epoch, err },
        'partition lost to another worker, its state dropped',
      )
      return
    }
    own.dueMs = now() + intervalMs
    counts.checkpoints++
    logger.debug({ partition: own.partition, nextOffset: own.nextOffset }, 'checkpoint written')
    await subscription?.commit(own.partition, own.nextOffset)
  }

  async function revoked(partition: number): Promise<void> {
    const own = held.get(partition)
    if (own === undefined) return
    await checkpoint(own)
    held.delete(partition)
    logger.info({ partition, nextOffset: own.nextOffset }, 'partition given back')
  }

  return {
    async start() {
      if (subscription !== null) return
      subscription = await bus.subscribe({
        topic: 'observations',
        group: config.group,
        handler: { assigned, messages, revoked },
        failed(error) {
          logger.error({ err: error }, 'analyzer stopped')
          deps.failed(error)
        },
      })
    },
    async stop() {
      const stopping = subscription
      await stopping?.stop()
      subscription = null
      // A bus that has stopped gives nothing back; what it delivered is judged and published all the same.
      const results = await Promise.allSettled([...held.values()].map(checkpoint))
      held.clear()
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    stats: () => ({
      ...counts,
      partitions: Object.fromEntries(
        [...held].map(([partition, own]) => [partition, own.engine.stats()]),
      ),
    }),
  }
}

/** What one judged message makes the analyzer send, in the order in which it happened. */
function messagesOf(
  bus: Bus,
  partition: number,
  offset: number,
  message: ObservationMessage,
  judgement: Judgement,
): OutgoingMessage[] {
  const { site, sensor, run } = message
  const anomalyPartition = partitionOf(site, bus.partitionCount('anomalies'))
  const told: AnomalyMessage[] = judgement.anomalies.map((anomaly) => ({
    kind: 'anomaly',
    anomaly,
  }))
  if (judgement.hasEnded) {
    const position = { partition, offset, index: judgement.anomalies.length }
    told.push({
      kind: 'ended',
      site,
      sensor,
      run,
      position,
      partitionCount: bus.partitionCount('observations'),
    })
  }
  return told.map((anomaly) => ({
    topic: 'anomalies',
    partition: anomalyPartition,
    value: encodeAnomalyMessage(anomaly),
  }))
}

const noHealth: SensorHealth = {
  startedUs: 0,
  packets: 0,
  bytes: 0,
  flows: 0,
  dropped: 0,
  rejects: {},
  duplicates: 0,
  clamped: 0,
  oneWayFlows: 0,
  judgedFlows: 0,
}

/** A command that one partition answers another with: on record, and in-band where its host lives. */
function commandMessages(bus: Bus, command: ControlCommand): OutgoingMessage[] {
  const value = encodeObservation({
    kind: 'control',
    site: command.site,
    sensor: 'analyzer',
    run: command.id,
    sequence: 1,
    clockUs: 0,
    health: noHealth,
    command,
    flows: null,
    summaries: null,
  })
  const partition = partitionOf(
    command.kind === 'profile' ? command.host : command.site,
    bus.partitionCount('observations'),
  )
  return [
    {
      topic: 'control',
      partition: partitionOf(command.site, bus.partitionCount('control')),
      value,
    },
    { topic: 'observations', partition, value },
  ]
}

/** Calls `log` at most `warningsMax` times in ten seconds, telling how many were left out before. */
function sampled(now: () => number, log: (fields: object) => void): (fields: object) => void {
  let windowStartMs = -Infinity
  let logged = 0
  let suppressed = 0
  return (fields) => {
    if (now() - windowStartMs >= warningWindowMs) [windowStartMs, logged] = [now(), 0]
    if (logged >= warningsMax) {
      suppressed++
      return
    }
    logged++
    log({ ...fields, suppressed })
    suppressed = 0
  }
}
