import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dayUs, hourUs } from '../../records/time.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { sampleCapture, samplePassUs } from '../../simulator/sample-capture.ts'

/** 2026-01-05T08:00:00Z, a Monday. */
const startUs = 1_767_600_000_000_000

/** A folder of the test's own. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'wardwatch-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/**
 * The sample ward for `minutes`, written to a file of `folder`; two quiet hours after every `quietAfter` minutes; days
 * after the first begin `dayOffset` later.
 */
export function writeLongCapture(
  folder: string,
  minutes: number,
  dayOffset = 0,
  quietAfter = 60,
): string {
  const file = join(folder, `ward-${minutes}-${dayOffset}-${quietAfter}.pcap`)
  const pass = sampleCapture(startUs + dayOffset * dayUs)
  const packets = Array.from({ length: minutes }, (_, minute) => {
    const shiftUs = minute * samplePassUs + Math.floor(minute / quietAfter) * 2 * hourUs
    return pass.map(({ timeUs, bytes }) => ({ timeUs: timeUs + shiftUs, bytes }))
  })
  writeFileSync(file, encodePcap(packets.flat()))
  return file
}
