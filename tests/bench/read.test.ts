import { expect, test } from 'vitest'
import { run } from '../../bench/read.ts'

test('the reading benchmark runs, and both readers agree on what they read', async () => {
  const { name, ratio, peer, ours } = await run('small')
  expect(name).toBe('read')
  expect(peer?.name).toBe('pcap-parser')
  expect(ours.value).toBeGreaterThan(0)
  // Not the bar: the machine may be busy. Reading into objects is never faster.
  expect(ratio?.median).toBeGreaterThan(1)
})
