import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { statsOf } from '../../bench/stats.ts'
import { writeTrace } from '../../bench/support/trace.ts'

test('the trace of the stats benchmark holds what it says, and its protocols are recognised', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wardwatch-stats-test-'))
  try {
    const path = join(folder, 'trace.pcap')
    const trace = writeTrace(path, 20_000, 7)
    const stats = await statsOf(path)
    expect(stats).toMatchObject({
      packets: trace.packets,
      bytes: trace.bytes,
      rejects: {},
      duplicates: 0,
    })
    // Conversations that were about to begin, or began on a five-tuple in use, make the difference.
    expect(Math.abs(stats.flows - trace.conversations)).toBeLessThan(trace.conversations * 0.15)
    expect(Object.keys(stats.summaries)).toEqual(['dns', 'http', 'tls'])
    expect(trace.bytes / trace.packets).toBeGreaterThan(300)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
