/** Values counted exactly before the estimate takes over. */
export const exactMax = 256
/** 2^11 registers: 2 kB, standard error 1.04 / √2048 = 2.3 %. */
const registerBits = 11
const registerCount = 1 << registerBits
/** Bits left of the 64 for the run of zeros. */
const rankMax = 64 - registerBits

/**
 * How many different values a stream held: exact up to `exactMax`, then a HyperLogLog of fixed size.
 * Plain data, so that a host section can hold it. The same values in any order give the same count.
 */
export interface DistinctCount {
  exact: Set<string | number> | null
  registers: Uint8Array | null
}

export function createDistinctCount(): DistinctCount {
  return { exact: new Set(), registers: null }
}

/** Takes a value in; a value met before changes nothing. */
export function addDistinct(count: DistinctCount, value: string | number): void {
  if (count.registers !== null) {
    addToRegisters(count.registers, value)
    return
  }
  const exact = count.exact ?? new Set()
  exact.add(value)
  count.exact = exact
  if (exact.size <= exactMax) return
  count.registers = new Uint8Array(registerCount)
  for (const old of exact) addToRegisters(count.registers, old)
  count.exact = null
}

/** The count: exact while few, else the estimate, never below `exactMax` + 1. Never falls when values are added. */
export function distinctOf(count: DistinctCount): number {
  if (count.registers === null) return count.exact?.size ?? 0
  return Math.max(exactMax + 1, Math.round(estimate(count.registers)))
}

/** The count as a sentence tells it: `about 1003` where it is an estimate, which no one should take for counted. */
export function tellDistinct(count: DistinctCount): string {
  return `${count.registers === null ? '' : 'about '}${distinctOf(count)}`
}

function addToRegisters(registers: Uint8Array, value: string | number): void {
  const text = typeof value === 'number' ? `#${value}` : value
  const high = mix(fnv1a(text, 0x811c9dc5))
  const low = mix(fnv1a(text, 0x050c5d1f) ^ 0x9e3779b9)
  const index = high >>> (32 - registerBits)
  const rest = (high << registerBits) >>> 0
  const zeros = rest === 0 ? 32 - registerBits + Math.clz32(low) : Math.clz32(rest)
  const rank = Math.min(zeros, rankMax) + 1
  if (rank > registers[index]!) registers[index] = rank
}

function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Finaliser of MurmurHash3 (Appleby, 2011): every input bit moves every output bit. */
function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * Improved raw estimate of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017),
 * algorithm 6: no bias tables and no jump between ranges, so it grows with every register.
 */
function estimate(registers: Uint8Array): number {
  const histogram = new Float64Array(rankMax + 2)
  for (const rank of registers) histogram[rank]!++
  let z = registerCount * tau(1 - histogram[rankMax + 1]! / registerCount)
  for (let rank = rankMax; rank >= 1; rank--) z = 0.5 * (z + histogram[rank]!)
  z += registerCount * sigma(histogram[0]! / registerCount)
  return registerCount ** 2 / (2 * Math.LN2 * z)
}

function sigma(share: number): number {
  if (share === 1) return Infinity
  let x = share
  let y = 1
  let z = share
  for (let before = NaN; z !== before;) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let x = share
  let y = 1
  let z = 1 - share
  for (let before = NaN; z !== before;) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
