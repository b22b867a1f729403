import { describe, expect, test } from 'vitest'
import { createParts } from '../../app/parts.ts'
import type { Service } from '../../records/service.ts'

function part(name: string, told: string[], fault?: Error): Service {
  return {
    start: () => Promise.resolve(void told.push(`start ${name}`)),
    stop: () =>
      fault === undefined ? Promise.resolve(void told.push(`stop ${name}`)) : Promise.reject(fault),
  }
}

describe('the parts of a process', () => {
  test('start from last to first and stop from first to last', async () => {
    const told: string[] = []
    const parts = createParts({ ingest: part('ingest', told), none: null, bus: part('bus', told) })
    expect(parts.states()).toEqual({ ingest: 'waiting', bus: 'waiting' })
    await parts.start()
    expect(parts.states()).toEqual({ ingest: 'running', bus: 'running' })
    await parts.stop()
    expect(told).toEqual(['start bus', 'start ingest', 'stop ingest', 'stop bus'])
    expect(parts.states()).toEqual({ ingest: 'stopped', bus: 'stopped' })
  })

  test('are all stopped when one of them cannot be, and the reason is told', async () => {
    const told: string[] = []
    const fault = new Error('not saved')
    const parts = createParts({ ingest: part('ingest', told, fault), bus: part('bus', told) })
    await expect(parts.stop()).rejects.toBe(fault)
    expect(told).toEqual(['stop bus'])
  })
})
