import { performance } from 'node:perf_hooks'
import { workerData } from 'node:worker_threads'
import { carryError } from '../../bus/adapters/carried-error.ts'
import { createPortBus } from '../../bus/adapters/port.ts'
import { createPortCalls } from '../../bus/adapters/port-calls.ts'
import { recordingsFor } from '../recordings.ts'
import type { Ingest } from '../../ingest/service.ts'
import { createVendorList } from '../../inventory/vendor.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { storePath } from '../config.ts'
import { createJudge } from '../judge.ts'
import { isDebug } from '../logger.ts'
import { createParts } from '../parts.ts'
import { createSensor } from '../sensor.ts'
import type { HostMethods, ThreadData, ThreadMethods, ThreadStatus } from './protocol.ts'
import { createThreadLog } from './thread-log.ts'

// The first file of a worker thread: one role of the service, over the bus of the main thread.

/** How often the main thread hears how its parts do, in ms. */
const statusMs = 250

const { task, bus: busPort, host } = workerData as ThreadData
const { config } = task
const log = createThreadLog((line) => calls.tell('log', line), isDebug(config.log.level))
const bus = createPortBus(busPort, { isDurable: false, partitions: config.bus.partitions })
const { logger } = log
const now = Date.now
const failed = (error: unknown) => calls.tell('failed', carryError(error))
const ingest = task.role === 'ingest' ? createThreadSensor() : null
const states =
  task.role === 'analyzer'
    ? createSqliteStore({ ...config.store, path: storePath(config) }, { logger })
    : null
const vendors = createVendorList()
const vendorOf = (mac: string) => vendors.vendorOf(mac)
const analyzer =
  states === null ? null : createJudge(config, { bus, states, vendorOf, logger, now, failed })
const parts = createParts({ ingest, analyzer, bus, store: states })
let busy = performance.eventLoopUtilization()

const methods: ThreadMethods = {
  async start() {
    await parts.start()
    const done = (error: unknown) => {
      calls.tell('status', status())
      calls.tell('done', error === undefined ? null : carryError(error))
    }
    ingest?.done.then(() => done(undefined), done)
    setInterval(() => calls.tell('status', status()), statusMs)
  },
  async stop() {
    await parts.stop()
    return status()
  },
  control(command) {
    if (ingest === null) throw new TypeError(`thread ${task.name} has no sensor`)
    return ingest.control(command)
  },
  setDebug: (isWanted) => log.setDebug(isWanted),
}
const calls = createPortCalls<HostMethods>(host, methods)

function status(): ThreadStatus {
  const before = busy
  busy = performance.eventLoopUtilization()
  return {
    ingest:
      ingest === null
        ? null
        : {
            stats: ingest.stats(),
            progress: ingest.progress(),
            teaching: ingest.teaching(),
            clock: ingest.clock(),
          },
    analyzer: analyzer === null ? null : analyzer.stats(),
    heapBytes: process.memoryUsage().heapUsed,
    busyShare: performance.eventLoopUtilization(busy, before).utilization,
  }
}

function createThreadSensor(): Ingest {
  const recordings = task.input === null ? [] : recordingsFor(task.input)
  const rhythm = task.pace === null ? {} : { pace: task.pace }
  return createSensor(config, { bus, recordings, commands: task.commands, logger, now, ...rhythm })
}
