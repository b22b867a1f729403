/** Numbers that only look random: the same seed gives the same ones for ever. */
export interface Random {
  /** From 0 up to, not including, 1. */
  float(): number
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  /** True with this probability (0–1). */
  chance(probability: number): boolean
  /** Waiting time of a Poisson process with this mean, at most five times the mean. */
  wait(mean: number): number
  /** A generator of its own for a part: adding parts elsewhere changes nothing here. */
  fork(label: string): Random
}

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state are plenty for traffic, and it is fast. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  function float(): number {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    float,
    int: (min, max) => min + Math.floor(float() * (max - min + 1)),
    pick: (list) => list[Math.floor(float() * list.length)]!,
    chance: (probability) => float() < probability,
    wait: (mean) => Math.min(5, -Math.log(1 - float())) * mean,
    fork: (label) => createRandom(hashOf(`${seed}/${label}`)),
  }
}

/** FNV-1a over UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
