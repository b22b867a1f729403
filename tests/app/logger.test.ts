import { expect, test } from 'vitest'
import { createLogger } from '../../app/logger.ts'

function linesOf(write: (logger: ReturnType<typeof createLogger>) => void): unknown[] {
  const lines: string[] = []
  write(createLogger('debug', { write: (line) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as unknown)
}

test('secrets are not written, wherever they hang', () => {
  const lines = linesOf((logger) => {
    logger.info({ password: 'planted', receiver: { token: 'planted' } }, 'sent')
    logger.child({ stage: 'ingest' }).warn({ request: { cookie: 'planted' } }, 'refused')
  })
  expect(JSON.stringify(lines)).not.toContain('planted')
  expect(lines).toHaveLength(2)
})

test('one event is one line, whatever a device calls itself', () => {
  const lines = linesOf((logger) => {
    logger.info({ hostName: 'pump\n{"level":60}\r\u001b[2J\u0000' }, 'seen')
  })
  expect(lines).toEqual([
    expect.objectContaining({ hostName: 'pump\n{"level":60}\r\u001b[2J\u0000', msg: 'seen' }),
  ])
})
