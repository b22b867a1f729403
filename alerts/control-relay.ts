import type { Bus, OutgoingMessage } from '../bus/bus.ts'
import { encodeControl } from '../records/control-message.ts'
import { partitionOf } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import type { AlertChangeStore, StoredCommand } from '../store/alert-change-store.ts'

export interface ControlRelay extends Service {
  /** A command may have been stored: look now. */
  wake(): void
}

/** Another process may have stored commands: look this often. */
const pollMs = 1000
/** Commands published at a time. */
const batchMax = 100
/** Told again at the start to a bus that forgets. A partition knows the ids of its last 4,096 (analyzer/partition-state.ts). */
const repeatedMax = 1000

/**
 * Carries what people have taught from the state store to the analyzers, in order and at least once: to the `control`
 * topic, which keeps it, and in band into every partition of `observations`, where its place is its place
 * (docs/decisions/0018). Needs no sensor. An analyzer applies a command once, by its id.
 */
export function createControlRelay(deps: {
  readonly bus: Bus
  readonly store: Pick<AlertChangeStore, 'unsentCommands' | 'markSent' | 'sentCommands'>
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
}): ControlRelay {
  const { bus, store, now } = deps
  const logger = deps.logger.child({ stage: 'alerts', part: 'control' })
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  let isAgain = false
  let isStopping = false
  let loggedMs = -Infinity

  async function publish(commands: readonly StoredCommand[]): Promise<void> {
    await bus.publish(commands.flatMap(({ command }) => messagesOf(bus, command)))
  }

  async function look(): Promise<void> {
    for (;;) {
      const commands = await store.unsentCommands(batchMax)
      if (commands.length === 0 || isStopping) return
      await publish(commands)
      const sequences = commands.map(({ sequence }) => sequence)
      await store.markSent(sequences, now())
      logger.info({ commands: commands.map(({ command }) => command.id) }, 'commands published')
      if (commands.length < batchMax) return
    }
  }

  /** Commands stay in the store until the bus has taken them: a bus or store that fails costs a round. */
  function failed(err: unknown): void {
    if (now() - loggedMs < 10_000) return
    loggedMs = now()
    logger.error({ err }, 'commands of people not published yet')
  }

  function wake(): void {
    if (isStopping) return
    if (looking !== null) {
      isAgain = true
      return
    }
    if (timer !== null) clearTimeout(timer)
    isAgain = false
    looking = look()
      .catch(failed)
      .then(() => {
        looking = null
        if (isAgain) wake()
        else if (!isStopping) timer = setTimeout(wake, pollMs)
      })
  }

  return {
    async start() {
      // An analyzer that died before its next checkpoint has forgotten them, and so has the bus. Before any sensor speaks,
      // so that no message stands at an earlier place than it did.
      if (!bus.isDurable) await publish(await store.sentCommands(repeatedMax))
      wake()
    },
    async stop() {
      isStopping = true
      if (timer !== null) clearTimeout(timer)
      await looking
    },
    wake,
  }
}

function messagesOf(bus: Bus, command: StoredCommand['command']): OutgoingMessage[] {
  const value = encodeControl(command, 'people')
  const observations = Array.from(
    { length: bus.partitionCount('observations') },
    (_, partition) => ({
      topic: 'observations' as const,
      partition,
      value,
    }),
  )
  const partition = partitionOf(command.site, bus.partitionCount('control'))
  return [{ topic: 'control', partition, value }, ...observations]
}
