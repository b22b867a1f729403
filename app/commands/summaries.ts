import { Command } from 'commander'
import { formatIp, formatMac } from '../../records/address.ts'
import { formatTime } from '../../records/time.ts'
import { createNoSink } from '../../ingest/no-sink.ts'
import type { SummaryRecord } from '../../ingest/record-sink.ts'
import { readCaptures } from '../offline.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption, jsonOption } from './options.ts'

export function summariesCommand(): Command {
  return new Command('summaries')
    .description(
      'Prints the protocol events of captures: look-ups, log-ins, leases, associations …',
    )
    .argument('<files...>', 'capture files, plain or gzip; - is standard input')
    .addOption(configOption())
    .addOption(jsonOption('one event a line (default)'))
    .action(async (files: string[], options: { config?: string }) => {
      const config = configFrom(options.config)
      const lines: string[] = []
      await readCaptures(files, config.ingest, {
        ...createNoSink(),
        isBlind: false,
        onSummary: (record) => lines.push(JSON.stringify(summaryToJson(record))),
        async drain() {
          if (lines.length > 0) await writeLine(lines.splice(0).join('\n'))
        },
      })
    })
}

/** Fields as in docs/formats/summary-batch.md; what an event does not have is left out. */
export function summaryToJson({ summary, ...record }: Readonly<SummaryRecord>): object {
  const { subjectMac, ...rest } = summary
  return {
    time: formatTime(record.timeUs),
    ...(record.flowId === 0 ? {} : { flowId: record.flowId }),
    ...present('orig', addressOf(record.origIp, record.origPort)),
    ...present('resp', addressOf(record.respIp, record.respPort)),
    ...rest,
    ...present('subjectMac', subjectMac === undefined ? null : formatMac(subjectMac)),
  }
}

function addressOf(ip: Uint8Array, port: number): { ip: string; port?: number } | null {
  if (ip.every((byte) => byte === 0)) return null
  return port === 0 ? { ip: formatIp(ip) } : { ip: formatIp(ip), port }
}

function present(name: string, value: unknown): object {
  return value === null ? {} : { [name]: value }
}
