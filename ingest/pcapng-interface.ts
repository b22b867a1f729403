/** What an interface description block says about the packets that name it. */
export interface CaptureInterface {
  readonly linkType: number
  /** Bytes kept of each packet; 0 is no limit. */
  readonly snapLength: number
  /** Time units: 10^−n seconds, or 2^−n when `isBinary`. */
  readonly exponent: number
  readonly isBinary: boolean
  /** Added to every time, µs. */
  readonly offsetUs: number
}

/*
 * Options, draft-ietf-opsawg-pcapng §3.5 and §4.2: 2 code, 2 length, value padded to 4; code 0 ends them.
 *   9  if_tsresol   1 byte: highest bit 0 → 10^−n s, 1 → 2^−n s; without it 10^−6
 *  14  if_tsoffset  8 bytes: seconds to add, signed
 */
const option = { end: 0, timeResolution: 9, timeOffset: 14 } as const

/** Reads the body of an interface block, `start` at its link type, `end` before the trailing length. Null: too short. */
export function readInterface(
  view: DataView,
  start: number,
  end: number,
  isLittle: boolean,
): CaptureInterface | null {
  if (end - start < 8) return null
  let resolution = 6
  let offsetUs = 0
  let at = start + 8
  while (end - at >= 4) {
    const code = view.getUint16(at, isLittle)
    const length = view.getUint16(at + 2, isLittle)
    if (code === option.end || at + 4 + length > end) break
    if (code === option.timeResolution && length >= 1) resolution = view.getUint8(at + 4)
    if (code === option.timeOffset && length === 8)
      offsetUs = safe(Number(view.getBigInt64(at + 4, isLittle)) * 1e6)
    at += 4 + length + (-length & 3)
  }
  return {
    linkType: view.getUint16(start, isLittle),
    snapLength: view.getUint32(start + 4, isLittle),
    exponent: resolution & 0x7f,
    isBinary: resolution > 0x7f,
    offsetUs,
  }
}

/**
 * The time of a packet in whole µs since the epoch, cut (not rounded), from the two halves of its 64-bit counter.
 * A stamp beyond what a number holds exactly (the year 287396) becomes the largest that it does.
 */
export function timeUsOf(from: CaptureInterface, high: number, low: number): number {
  if (!from.isBinary && from.exponent === 6) return safe(high * 2 ** 32 + low + from.offsetUs)
  if (!from.isBinary && from.exponent === 9) return safe(microseconds(high, low) + from.offsetUs)
  return safe(exactMicroseconds(from, high, low) + from.offsetUs)
}

/** Nanoseconds to µs without the 64-bit product, which a double cannot hold: 2^32 = 4,294,967 × 1,000 + 296. */
function microseconds(high: number, low: number): number {
  return high * 4_294_967 + Math.floor((high * 296 + low) / 1000)
}

/** Any other unit. Allocates; no capture tool in use writes anything but µs and ns. */
function exactMicroseconds(
  { exponent, isBinary }: CaptureInterface,
  high: number,
  low: number,
): number {
  const ticks = (BigInt(high) << 32n) | BigInt(low)
  const unitsPerSecond = isBinary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent)
  return Number((ticks * 1_000_000n) / unitsPerSecond)
}

function safe(timeUs: number): number {
  return Math.min(Math.max(timeUs, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}
