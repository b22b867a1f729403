import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { createPortBus } from '../../bus/adapters/port.ts'
import { serveBus } from '../../bus/adapters/port-server.ts'
import type { Bus } from '../../bus/bus.ts'
import { type MemoryBusConfig, memoryBusConfigSchema } from '../../bus/config.ts'

export function memoryBusConfig(over: object = {}): MemoryBusConfig {
  return memoryBusConfigSchema.parse({ partitions: { observations: 4 }, ...over })
}

/**
 * A memory bus (`near`) and its use through a port (`far`), both in this thread; `far` starts and stops both, `cut` is
 * the end of the thread that `far` would be in.
 */
export function createBusBehindPort(config = memoryBusConfig()): {
  near: Bus
  far: Bus
  cut: () => void
} {
  const near = createMemoryBus(config)
  const { port1, port2 } = new MessageChannel()
  serveBus(port1, near)
  const far = createPortBus(port2, { isDurable: false, partitions: config.partitions })
  const started = { ...far, start: () => near.start().then(() => far.start()) }
  return {
    near,
    cut: () => port2.close(),
    far: {
      ...started,
      async stop() {
        await far.stop()
        await near.stop()
        port2.close()
      },
    },
  }
}

/** A memory bus that lives in a thread of its own. */
export function createBusInWorker(config = memoryBusConfig()): { worker: Worker; far: Bus } {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(join(import.meta.dirname, 'bus-worker.ts'), {
    workerData: { port: port1, config },
    transferList: [port1],
    execArgv: [],
  })
  const far = createPortBus(port2, { isDurable: false, partitions: config.partitions })
  return {
    worker,
    far: {
      ...far,
      async stop() {
        await far.stop()
        await worker.terminate()
      },
    },
  }
}
