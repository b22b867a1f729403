import { MetContacts } from './baseline/met-contacts.ts'
import type { Detector } from './detector.ts'
import type { ConfiguredDetector, Engine, EngineOptions } from './engine-types.ts'
import { createPartition } from './partition.ts'

export type {
  Changes,
  ConfiguredDetector,
  Engine,
  EngineOptions,
  EngineStats,
  Judgement,
  PartitionEngine,
  SavedPartition,
} from './engine-types.ts'

/** The analyzer without its input and output: no I/O, no clock of its own, no randomness (docs/decisions/0002). */
export function createEngine(options: EngineOptions): Engine {
  const met = new MetContacts()
  return {
    openPartition: (partition, partitionCount, saved = { state: null, sections: [] }) =>
      createPartition(options, met, partition, partitionCount, saved),
  }
}

/**
 * Joins a detector and its configuration; what is missing takes its default.
 * @throws ZodError when the configuration is none of this detector's.
 */
export function configureDetector<C>(
  detector: Detector<C>,
  config: unknown = {},
): ConfiguredDetector {
  return { detector, hooks: detector.create(detector.config.parse(config)) }
}
