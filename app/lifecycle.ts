import type { Logger, Service } from '../records/service.ts'

/** Longest time in ms between the first signal and the end of the process. */
export const drainMsMax = 10_000

export interface LifecycleDeps {
  readonly logger: Logger
  /** Rejects when a part has failed for good. */
  readonly failure: Promise<never>
  /** Called when everything has been started. */
  readonly started: () => void
  /** SIGHUP: read the configuration again. Must not throw. */
  readonly reload?: () => void
  /** What is not stopped yet, for the log when time is up. */
  readonly undrained: () => object
  readonly drainMs?: number
  /** The process, or a double of it. */
  readonly host?: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>
}

/**
 * Runs a service until SIGINT or SIGTERM. First signal: drain and end; when that takes longer than `drainMs`, the log
 * says what was not drained and the process ends with 1. Second signal: the process ends with 1 at once.
 * @returns when the service has been stopped in order after a signal.
 * @throws whatever kept the service from starting, running or stopping.
 */
export async function runUntilSignal(service: Service, deps: LifecycleDeps): Promise<void> {
  const { logger, reload, drainMs = drainMsMax, host = process } = deps
  const ending = Promise.withResolvers<undefined>()
  let deadline: NodeJS.Timeout | undefined
  let signals = 0

  /** From here on the process ends, by whatever way. */
  function startDeadline(): void {
    deadline ??= setTimeout(() => {
      logger.error({ ...deps.undrained(), drainMs }, 'ended before everything was drained')
      host.exit(1)
    }, drainMs)
  }

  const onSignal = (signal: NodeJS.Signals) => {
    if (++signals > 1) {
      logger.warn({ signal, ...deps.undrained() }, 'ended at once by a second signal')
      host.exit(1)
      return
    }
    logger.info({ signal }, 'draining')
    startDeadline()
    ending.resolve(undefined)
  }
  const onHangUp = () => reload?.()
  host.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangUp)
  try {
    await Promise.race([service.start(), deps.failure])
    deps.started()
    await Promise.race([ending.promise, deps.failure])
  } finally {
    startDeadline()
    try {
      await service.stop()
    } finally {
      clearTimeout(deadline)
      host.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onHangUp)
    }
  }
}
