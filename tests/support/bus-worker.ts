import { type MessagePort, workerData } from 'node:worker_threads'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { serveBus } from '../../bus/adapters/port-server.ts'
import type { MemoryBusConfig } from '../../bus/config.ts'

// A thread that has a memory bus and serves it through the port it is given.
const { port, config } = workerData as { port: MessagePort; config: MemoryBusConfig }
const bus = createMemoryBus(config)
await bus.start()
serveBus(port, bus)
