import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Notification, Notifier, Outcome } from '../../alerts/notifier.ts'
import { hostileStrings } from '../support/hostile-strings.ts'
import { type Behaviour, notification } from '../support/notifications.ts'
import { alertOf } from '../support/obligations.ts'

/** A receiver that does what it is told, and a notifier that tells it. */
export interface NotifierUnderTest {
  readonly notifier: Notifier
  behave(behaviour: Behaviour): void
  /** Dedup key, or what stands for it, of each notification taken, in order. */
  taken(): Promise<string[]>
  /** What names each delivery: the same at each attempt. */
  keys(): Promise<string[]>
  /** No receiver listens any more. */
  down(): Promise<void>
  remove(): Promise<void>
}

/**
 * Every promise of alerts/notifier.ts.
 * @param secrets words of the configuration that may never be told
 */
export function notifierContract(
  name: string,
  open: () => Promise<NotifierUnderTest>,
  options: { readonly secrets: readonly string[]; readonly canAskForTime: boolean },
): void {
  describe(`${name} keeps the promises of a notifier`, () => {
    let subject: NotifierUnderTest

    beforeEach(async () => {
      subject = await open()
    })
    afterEach(async () => {
      await subject.notifier.close()
      await subject.remove()
    })

    const send = (one: Notification = notification(), signal = AbortSignal.timeout(20_000)) =>
      subject.notifier.send(one, signal)
    const expectNoSecret = (outcome: Outcome) => {
      for (const secret of options.secrets) expect(JSON.stringify(outcome)).not.toContain(secret)
    }

    test('delivers what the receiver takes', async () => {
      subject.behave({ does: 'take' })
      expect(await send()).toEqual({ result: 'delivered' })
      expect(await subject.taken()).toHaveLength(1)
    })

    test('names page, acknowledgement and resolve of an alert alike, and each delivery apart', async () => {
      subject.behave({ does: 'take' })
      for (const kind of ['trigger', 'acknowledge', 'resolve'] as const)
        expect(await send(notification({ kind, key: `key-${kind}` }))).toEqual({
          result: 'delivered',
        })
      expect(new Set(await subject.taken()).size).toBe(1)
      expect(await send(notification({ dedupKey: 'other', key: 'key-4' }))).toEqual({
        result: 'delivered',
      })
      expect(new Set(await subject.taken()).size).toBe(2)
    })

    test('names a delivery the same at every attempt', async () => {
      subject.behave({ does: 'take' })
      await send()
      await send()
      const keys = await subject.keys()
      expect(keys).toHaveLength(2)
      expect(new Set(keys).size).toBe(1)
    })

    test.each<Behaviour>([{ does: 'put-off' }, { does: 'fail' }, { does: 'break' }])(
      'asks to be called again when the receiver does this: $does',
      async (behaviour) => {
        subject.behave(behaviour)
        const outcome = await send()
        expect(outcome).toMatchObject({ result: 'retry' })
        expectNoSecret(outcome)
        expect(await subject.taken()).toEqual([])
      },
    )

    const isPassedOn = options.canAskForTime ? 'passes on' : 'has no word for'
    test(`${isPassedOn} how long the receiver asks for`, async () => {
      subject.behave({ does: 'put-off', seconds: 30 })
      const outcome = await send()
      expect(outcome).toMatchObject({ result: 'retry' })
      expect('afterMs' in outcome ? outcome.afterMs : null).toBe(
        options.canAskForTime ? 30_000 : null,
      )
    })

    test('gives up what the receiver refuses', async () => {
      subject.behave({ does: 'refuse' })
      const outcome = await send()
      expect(outcome).toMatchObject({ result: 'refused' })
      expectNoSecret(outcome)
    })

    test('ends when it is told to while the receiver hangs', async () => {
      subject.behave({ does: 'hang' })
      const outcome = await send(notification(), AbortSignal.timeout(150))
      expect(outcome).toEqual({ result: 'retry', reason: 'no answer in time' })
    })

    test('ends at once when it is told to before it begins', async () => {
      subject.behave({ does: 'take' })
      expect(await send(notification(), AbortSignal.abort())).toMatchObject({ result: 'retry' })
    })

    test('asks to be called again when nobody listens, and tells no secret', async () => {
      await subject.down()
      const outcome = await send()
      expect(outcome).toMatchObject({ result: 'retry' })
      expectNoSecret(outcome)
    })

    test('makes one attempt a call', async () => {
      subject.behave({ does: 'take' })
      await Promise.all(
        [1, 2, 3].map((n) => send(notification({ key: `k${n}`, dedupKey: `d${n}` }))),
      )
      expect((await subject.taken()).sort()).toHaveLength(3)
    })

    test('sends whatever text an alert holds', async () => {
      subject.behave({ does: 'take' })
      const strings = hostileStrings.slice(0, 10)
      for (const text of strings) {
        const device = { ...alertOf().device, name: text }
        const alert = alertOf({ summary: `${text} tried 8 ports`, device, why: { name: text } })
        expect(await send(notification({ alert }))).toEqual({ result: 'delivered' })
      }
      expect(await subject.taken()).toHaveLength(strings.length)
      expect(new Set(await subject.taken()).size).toBe(1)
    })
  })
}
