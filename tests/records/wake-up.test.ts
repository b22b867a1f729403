import { describe, expect, test } from 'vitest'
import { decodeWakeUp, encodeWakeUp } from '../../records/wake-up.ts'

describe('a wake-up', () => {
  test('reads as it was written', () => {
    expect(decodeWakeUp(encodeWakeUp({ revision: 41 }))).toEqual({ revision: 41 })
  })

  test.each(['', '{', '{"revision":0}', '{"revision":"1"}', '[]', 'null'])(
    'is refused when it is %j',
    (text) => {
      expect(() => decodeWakeUp(new TextEncoder().encode(text))).toThrow(
        expect.objectContaining({ code: 'RECORD_MALFORMED' }) as Error,
      )
    },
  )
})
