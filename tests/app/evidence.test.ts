import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { parseConfig } from '../../app/config.ts'
import { recordingsFor } from '../../app/recordings.ts'
import { createWardwatch } from '../../app/wire.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { smbBurst } from '../../simulator/bursts.ts'
import { shiftStartUs } from '../support/anomalies.ts'
import { temporaryFolder } from '../support/long-capture.ts'
import { silentLogger } from '../support/silent-logger.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const wardwatch = (...args: string[]) =>
  execFileSync(process.execPath, [main, ...args], { encoding: 'utf8', stdio: 'pipe' })

/** Plays the burst with evidence capture on. @returns the id of its alert */
async function watchBurst(data: string): Promise<string> {
  const capture = join(folder.path, 'burst.pcap')
  const packets = smbBurst({
    client: { ip: '10.60.1.66', mac: '00:1b:21:0a:00:66' },
    server: { ip: '10.60.1.20', mac: '00:1b:21:0a:00:20' },
    startUs: shiftStartUs,
    failures: 12,
    stepUs: 200_000,
  })
  writeFileSync(capture, encodePcap(packets))
  const config = parseConfig({ data, ingest: { evidence: { enabled: true } } })
  const failure = Promise.withResolvers<never>()
  const service = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    recordings: recordingsFor({ kind: 'captures', learn: [], files: [capture], repeat: false }),
    pace: 10,
    logger: silentLogger,
    now: Date.now,
    failed: failure.reject,
  })
  await service.start()
  try {
    for (;;) {
      const [alert] = await service.states.alerts.list({ limit: 1, scoreMin: 0 })
      if (alert !== undefined) return alert.id
      await Promise.race([setTimeout(50), failure.promise])
    }
  } finally {
    // What is found last is written on the way out.
    await service.stop()
  }
}

test('keeps the packets of an alert, lists them, and writes them as a capture', async () => {
  const data = join(folder.path, 'data')
  const id = await watchBurst(data)
  const lines = wardwatch('evidence', id, '--data', data, '--json').trimEnd().split('\n')
  const parties = lines.map((line) => JSON.parse(line) as { source: string; destination: string })
  expect(lines.length).toBeGreaterThan(20)
  for (const { source, destination } of parties)
    expect([source, destination].sort().join()).toMatch(/^10\.60\.1\.20:445,10\.60\.1\.66:\d+$/)
  const out = join(folder.path, 'evidence.pcap')
  wardwatch('evidence', id, '--data', data, '--out', out)
  const stats = JSON.parse(wardwatch('stats', '--json', out)) as { packets: number }
  expect(stats.packets).toBe(lines.length)
  expect(readFileSync(out).readUInt32LE(0)).toBe(0xa1b2c3d4)
  expect(() => wardwatch('evidence', 'nobody', '--data', data)).toThrow(/no alert nobody/)
})
