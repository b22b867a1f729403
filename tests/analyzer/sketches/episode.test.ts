import { expect, test } from 'vitest'
import { growEpisode, hasUntold, isQuiet, openEpisode } from '../../../analyzer/sketches/episode.ts'

test('is told at each tripling of the count it began with', () => {
  const episode = openEpisode(0, 0, 8)
  const told: number[] = []
  for (let count = 9; count <= 300; count++)
    if (growEpisode(episode, count, count)) told.push(count)
  expect(told).toEqual([24, 72, 216])
})

test('is told once when the count jumps over several triplings', () => {
  const episode = openEpisode(0, 0, 8)
  expect(growEpisode(episode, 1, 300)).toBe(true)
  expect(growEpisode(episode, 2, 301)).toBe(false)
})

test('has something untold only when it has grown since the last report', () => {
  const episode = openEpisode(0, 0, 8)
  expect(hasUntold(episode)).toBe(false)
  growEpisode(episode, 1, 9)
  expect(hasUntold(episode)).toBe(true)
  growEpisode(episode, 2, 24)
  expect(hasUntold(episode)).toBe(false)
})

test('is quiet once a whole window has passed since the newest event', () => {
  const episode = openEpisode(0, 100, 8)
  expect(isQuiet(episode, 159, 60)).toBe(false)
  expect(isQuiet(episode, 160, 60)).toBe(true)
})
