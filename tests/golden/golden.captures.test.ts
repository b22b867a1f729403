import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Alert, isNotifyLevel } from '../../records/alert.ts'
import { capturesFolder, manifest } from '../support/captures.ts'
import { replayed } from '../support/replayed.ts'
import { type ExpectedAlert, expectedCaptures } from './expected.ts'

async function alertsOf(capture: string, learn: readonly string[] = []): Promise<Alert[]> {
  const path = (file: string) => join(capturesFolder(), file)
  return replayed({ files: [path(capture)], learn: learn.map(path) })
}

function isMet(expected: ExpectedAlert, alert: Alert): boolean {
  const peers = new Set(alert.peers.map((peer) => peer.address))
  return (
    alert.behaviour === expected.behaviour &&
    alert.device.addresses.includes(expected.device) &&
    expected.peers.every((peer) => peers.has(peer)) &&
    alert.severity === expected.severity &&
    alert.count >= expected.countMin &&
    Object.entries(expected.whyMin ?? {}).every(([fact, min]) => Number(alert.why[fact]) >= min)
  )
}

/** What a failing test shows of an alert. */
function told({ behaviour, severity, device, peers, count, summary }: Alert): string {
  const names = peers.slice(0, 4).map((peer) => peer.address)
  return `${severity} ${behaviour} of ${device.addresses.join()} with ${names.join()} ×${count}: ${summary}`
}

describe('a capture whose result is known', () => {
  test.each(expectedCaptures.map((e) => [e.capture, e.learn?.join() ?? 'nothing', e] as const))(
    '%s, taught by %s, gives what its packets say and nothing else',
    async (capture, _learn, { learn, expect: wanted, also }) => {
      const alerts = await alertsOf(capture, learn)
      const missing = wanted.filter((expected) => !alerts.some((alert) => isMet(expected, alert)))
      const unexpected = alerts.filter(
        (alert) =>
          isNotifyLevel(alert.severity) &&
          !wanted.some((expected) => isMet(expected, alert)) &&
          !(also ?? []).includes(alert.behaviour),
      )
      expect({ missing, unexpected: unexpected.map(told) }, alerts.map(told).join('\n')).toEqual({
        missing: [],
        unexpected: [],
      })
    },
  )
})

describe('benign traffic', () => {
  const benign = manifest().filter(({ file, packets }) => file.startsWith('benign/') && packets !== null)

  test('is there to be tried', () => expect(benign.length).toBeGreaterThanOrEqual(38))

  test.each(benign.map(({ file }) => file))('of %s is silent at notify level', async (file) => {
    const alerts = await alertsOf(file)
    expect(alerts.filter((alert) => isNotifyLevel(alert.severity)).map(told)).toEqual([])
  })
})
