import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rejectWords } from '../../ingest/frame.ts'
import { capturesFolder, manifest } from '../support/captures.ts'
import {
  countWithOurs,
  countWithTshark,
  type Counted,
  type TupleCounts,
} from '../support/tuple-counts.ts'

const captures = manifest().filter(
  ({ file, packets }) => packets !== null && /^(formats|encap)\//.test(file),
)

/** Captures of link types that tshark 4.0 cannot read at all. */
const unreadable = new Set(['encap/brcm-tag.pcap', 'encap/dsa.pcap'])

/* Why five-tuples are counted differently, other than by packets that our decoder refuses. */
const reasons = new Map<string, string>([
  [
    'encap/ipv6-mobility-dst-opts.pcap',
    'tshark stops at a destination option that overruns its header; we go by the length of the header and find the ports behind it',
  ],
  [
    'formats/bigtcp-ipv6.pcap',
    'tshark takes the payload length 0 of a packet captured before segmentation at its word and finds no TCP header',
  ],
])

interface Row {
  readonly file: string
  readonly ours: Counted
  readonly tuplesOfTshark: number
  readonly finding: string
}

const rows: Row[] = []

describe('packets, bytes and five-tuples are those of tshark, or the difference has a reason', () => {
  test.each(captures)('$file', async ({ file }) => {
    const path = join(capturesFolder(), file)
    const [ours, theirs] = [await countWithOurs(path), await countWithTshark(path)]
    if (unreadable.has(file)) expect(theirs.packets).toBe(0)
    else expect([ours.packets, ours.wireBytes]).toEqual([theirs.packets, theirs.wireBytes])
    const refused = Object.entries(ours.stats.rejects).filter(([cause]) => isFrameReject(cause))
    const difference = compare(ours.tuples, theirs.tuples)
    const reason = reasons.get(file)
    if (reason === undefined) {
      expect(difference.more).toEqual({})
      expect(sum(Object.values(difference.fewer))).toBeLessThanOrEqual(
        sum(refused.map(([, count]) => count)),
      )
    } else {
      expect(difference).not.toEqual({ more: {}, fewer: {} })
    }
    const isEqual = Object.keys(difference.fewer).length === 0
    const finding = reason ?? findingOf(file, isEqual, refused)
    rows.push({ file, ours, tuplesOfTshark: theirs.tuples.size, finding })
  })

  test('the page of the documentation lists them all', async () => {
    expect(rows).toHaveLength(captures.length)
    await expect(renderPage()).toMatchFileSnapshot(
      join(import.meta.dirname, '../../docs/formats/coverage.md'),
    )
  })
})

function isFrameReject(cause: string): boolean {
  return rejectWords.some((word) =>
    word.endsWith('-') || word.endsWith('0x') ? cause.startsWith(word) : cause === word,
  )
}

/** Packets by tuple that one has and the other has not. */
function compare(
  ours: TupleCounts,
  theirs: TupleCounts,
): { more: Record<string, number>; fewer: Record<string, number> } {
  const [more, fewer]: [Record<string, number>, Record<string, number>] = [{}, {}]
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const difference = (ours.get(key) ?? 0) - (theirs.get(key) ?? 0)
    if (difference > 0) more[key] = difference
    if (difference < 0) fewer[key] = -difference
  }
  return { more, fewer }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function findingOf(
  file: string,
  isEqual: boolean,
  refused: readonly (readonly [string, number])[],
): string {
  const causes = refused.map(([cause, count]) => `\`${cause}\` × ${count}`).join(', ')
  if (unreadable.has(file)) return `not read by tshark 4.0; refused: ${causes}`
  if (!isEqual) return `refused: ${causes}`
  return refused.length === 0 ? 'equal' : `equal; refused, no IP in them: ${causes}`
}

function renderPage(): string {
  const ordered = rows.toSorted((a, b) => (a.file < b.file ? -1 : 1))
  const equal = ordered.filter(({ finding }) => finding.startsWith('equal')).length
  return [
    '# What the decoder covers',
    '',
    'Written by `tests/ingest/stats.captures.test.ts` (`npm run test:captures -- --update`); do not edit.',
    '',
    'Each capture is read by `stats` and by tshark. Packets and bytes on the wire must be equal. Then both',
    'count packets by five-tuple of the outermost IP header (protocol, addresses, ports of TCP and UDP; both directions',
    'together): *equal* means that every tuple has the same number of packets. Where packets are refused, the causes are',
    'named, and what is missing is no more than what was refused. Tunnels are counted by their outer header.',
    '',
    `Of ${String(ordered.length)} captures, ${String(equal)} are equal in everything.`,
    '',
    '| capture | packets | bytes | five-tuples | of tshark | finding |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...ordered.map(
      ({ file, ours, tuplesOfTshark, finding }) =>
        `| ${file} | ${ours.packets} | ${ours.wireBytes} | ${ours.tuples.size} | ${tuplesOfTshark} | ${finding} |`,
    ),
    '',
  ].join('\n')
}
