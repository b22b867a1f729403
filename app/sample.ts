import { Readable } from 'node:stream'
import { createCaptureFileSource } from '../ingest/adapters/capture-file.ts'
import { createLoopedSource } from '../ingest/looped.ts'
import type { Recording } from '../ingest/service.ts'
import type { TimeUs } from '../records/time.ts'
import { encodePcap } from '../simulator/pcap-file.ts'
import { sampleCapture, sampleInventory, samplePassUs } from '../simulator/sample-capture.ts'
import { type Config, parseConfig } from './config.ts'

/**
 * What is run with nothing configured: the inventory of the sample ward, state in memory unless a folder is named,
 * the rest as configured.
 */
export function sampleConfig(configured: Config, data: string | undefined): Config {
  const { inventory } = parseConfig({ inventory: sampleInventory })
  const store = data === undefined ? { ...configured.store, path: ':memory:' } : configured.store
  const input = { ...configured.input, speed: 1 }
  return {
    ...configured,
    inventory,
    store,
    input,
    ingest: { ...configured.ingest, site: 'sample' },
  }
}

/** The generated minute as a capture file in memory, read like any other and played for ever. */
export function sampleRecording(startUs: TimeUs): Recording {
  const packets = sampleCapture(startUs)
  const file = encodePcap(packets)
  const open = () => createCaptureFileSource(['-'], { stdin: Readable.from([Buffer.from(file)]) })
  const lengthUs = packets.at(-1)!.timeUs - packets[0]!.timeUs
  const source = createLoopedSource(open, { passes: Infinity, gapUs: samplePassUs - lengthUs })
  return { name: 'sample ward', teaches: false, source }
}
