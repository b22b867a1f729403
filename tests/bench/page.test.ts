import { expect, test } from 'vitest'
import type { BenchResult } from '../../bench/harness.ts'
import { lineOf, meetsBar, renderPage } from '../../bench/support/page.ts'

const result: BenchResult = {
  name: 'read',
  claim: 'Captures are read fast.',
  input: '20,000 packets, seed 1',
  rounds: 3,
  ratio: { median: 2.5, q1: 2, q3: 3 },
  ours: {
    value: 250_400,
    unit: 'packets/s',
    spread: { median: 250_400, q1: 240_000, q3: 260_000 },
  },
  peer: { name: 'pcap-parser', value: 100_000, unit: 'packets/s' },
  notes: ['Both agree on the sums.'],
  bar: { min: 3 },
  goal: { min: 300_000 },
}

test('a benchmark is one line, with what it misses', () => {
  expect(lineOf(result)).toBe(
    'read: 250,000 packets/s · pcap-parser 100,000 · ratio 2.50 (2.00–3.00) · bar ≥ 3 MISSED · goal ≥ 300,000 lost',
  )
})

test('a benchmark without a peer has neither ratio nor bar to miss', () => {
  const alone = { ...result, ratio: null, peer: null, bar: null }
  expect([lineOf(alone), meetsBar(alone), meetsBar(result)]).toEqual([
    'read: 250,000 packets/s · goal ≥ 300,000 lost',
    true,
    false,
  ])
})

test('a time is to stay below its goal', () => {
  const times = { ...result, ratio: null, peer: null, bar: null, goal: { max: 1000 } }
  const late = { ...times, ours: { value: 1200, unit: 'ms' } }
  const early = { ...times, ours: { value: 90, unit: 'ms' } }
  expect([lineOf(late), lineOf(early)]).toEqual([
    'read: 1,200 ms · goal < 1,000 lost',
    'read: 90 ms · goal < 1,000 met',
  ])
})

test('the page names the machine, the quartiles, the seed and what was lost', () => {
  const at = { date: '2026-01-02', cpu: 'A chip', cores: 2, node: 'v24.0.0', size: 'full' } as const
  const page = renderPage([result], at)
  expect(page).toContain('Measured 2026-01-02 on 2 × A chip, Node v24.0.0, size full.')
  expect(page).toContain(
    '| read | 250,000 (240,000–260,000) packets/s | pcap-parser: 100,000 packets/s | 2.50 (2.00–3.00) | ≥ 3: **missed** | ≥ 300,000: lost |',
  )
  expect(page).toContain('- Input: 20,000 packets, seed 1')
})
