import { expect, test } from 'vitest'
import { isNotifyLevel } from '../../records/alert.ts'
import { dayUs, hourUs } from '../../records/time.ts'
import { attackedBehaviours, attacks } from '../../simulator/attacks/index.ts'
import { detectors } from '../../analyzer/detectors/index.ts'
import { isAbout, isOf, isWithin, simulated } from '../support/simulated.ts'

/** A Tuesday at nine. */
const tuesdayUs = Date.UTC(2026, 0, 6, 9) * 1000

test('there are attacks, of more than one variant, for every behaviour that is detected', () => {
  expect(attackedBehaviours).toEqual(detectors.map(({ behaviour }) => behaviour))
  for (const behaviour of attackedBehaviours) {
    const variants = attacks.filter((attack) => attack.behaviour === behaviour)
    expect(new Set(variants.map(({ variant }) => variant)).size).toBeGreaterThan(1)
  }
})

test('every labelled attack is noticed with its parties, and nothing else at notify level', async () => {
  const period = { fromUs: tuesdayUs, toUs: tuesdayUs + 3 * hourUs }
  const { alerts, labels } = await simulated({
    name: 'attacked-ward',
    period,
    seed: 11,
    learnUs: 8 * hourUs,
  })
  const missed = labels.filter(
    (label) =>
      !alerts.some(
        (alert) => isOf(alert, label) && isNotifyLevel(alert.severity) === label.isNotified,
      ),
  )
  expect(missed.map(({ behaviour, variant }) => `${behaviour} ${variant}`)).toEqual([])
  const unexplained = alerts.filter(
    (alert) =>
      isNotifyLevel(alert.severity) &&
      !labels.some((label) => isWithin(alert, label) && isAbout(alert, label.offender)),
  )
  expect(unexplained.map(({ summary }) => summary)).toEqual([])
  expect(labels.length).toBeGreaterThanOrEqual(attacks.length)
})

test('a day without attacks raises nothing at notify level', async () => {
  const period = { fromUs: tuesdayUs, toUs: tuesdayUs + dayUs }
  const { alerts } = await simulated({
    name: 'ward',
    size: 'small',
    period,
    seed: 5,
    learnUs: dayUs,
  })
  expect(alerts.filter(({ severity }) => isNotifyLevel(severity))).toEqual([])
})
