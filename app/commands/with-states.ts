import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { StateStore } from '../../store/state-store.ts'
import { type Config, storePath } from '../config.ts'
import { createLogger } from '../logger.ts'
import { configFrom } from './options.ts'

export interface StoreOptions {
  readonly config?: string
  readonly data?: string
}

/** Opens the state that the service uses, also while it runs. */
export async function withStates<T>(
  options: StoreOptions,
  use: (states: StateStore, config: Config) => Promise<T>,
): Promise<T> {
  const configured = configFrom(options.config)
  const { data } = options
  const config =
    data === undefined
      ? configured
      : { ...configured, data, store: { ...configured.store, path: undefined } }
  const logger = createLogger('warn')
  const states = createSqliteStore({ ...config.store, path: storePath(config) }, { logger })
  await states.start()
  try {
    return await use(states, config)
  } finally {
    await states.stop()
  }
}
