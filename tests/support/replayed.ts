import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { replay } from '../../app/replay.ts'
import type { Alert } from '../../records/alert.ts'
import type { Packet } from '../../simulator/packets.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { silentLogger } from './silent-logger.ts'

export interface ReplayedOptions {
  readonly files: readonly string[]
  readonly learn?: readonly string[]
  readonly config?: ConfigInput
}

/** Alert rows of captures through the whole product, with state in a folder that is gone afterwards. */
export async function replayed(options: ReplayedOptions): Promise<Alert[]> {
  const data = await mkdtemp(join(tmpdir(), 'wardwatch-replayed-'))
  try {
    const { alerts } = await replay({
      config: parseConfig({ ...options.config, data }),
      files: options.files,
      learn: options.learn ?? [],
      logger: silentLogger,
      now: () => 0,
    })
    return alerts
  } finally {
    await rm(data, { recursive: true })
  }
}

/** The same of packets that a test made. */
export async function replayedPackets(
  packets: readonly Packet[],
  config?: ConfigInput,
): Promise<Alert[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-packets-'))
  try {
    const file = join(folder, 'packets.pcap')
    await writeFile(file, encodePcap(packets))
    return await replayed({ files: [file], ...(config === undefined ? {} : { config }) })
  } finally {
    await rm(folder, { recursive: true })
  }
}
