/** One element of a DER encoding (X.690 §8.1, §10.1): `bytes[start … end)` is its value. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and a tag number below 31. */
  readonly tag: number
  readonly start: number
  /** Cut to what is there; less than claimed when `isWhole` is false. */
  readonly end: number
  readonly isWhole: boolean
}

/**
 * The element at `at`, or null when none can start there: multi-byte tag, indefinite length (forbidden in DER),
 * a length of more than four bytes, or fewer bytes than the header needs.
 */
export function readDer(bytes: Uint8Array, at: number, end: number): DerElement | null {
  if (at + 2 > end || (bytes[at]! & 0x1f) === 0x1f) return null
  let start = at + 2
  let length = bytes[at + 1]!
  if (length >= 0x80) {
    const lengthBytes = length & 0x7f
    if (lengthBytes === 0 || lengthBytes > 4 || start + lengthBytes > end) return null
    length = 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[start + i]!
    start += lengthBytes
  }
  return {
    tag: bytes[at]!,
    start,
    end: Math.min(end, start + length),
    isWhole: start + length <= end,
  }
}

/** The only element inside another, when it has this tag. */
export function innerDer(
  bytes: Uint8Array,
  outer: DerElement | undefined,
  tag: number,
): DerElement | null {
  const inner = outer === undefined ? null : readDer(bytes, outer.start, outer.end)
  return inner?.tag === tag ? inner : null
}

/** Members of a SEQUENCE, at most `countMax`; ends at the first that cannot be read. */
export function derMembers(bytes: Uint8Array, sequence: DerElement, countMax = 32): DerElement[] {
  const members: DerElement[] = []
  let at = sequence.start
  while (at < sequence.end && members.length < countMax) {
    const member = readDer(bytes, at, sequence.end)
    if (member === null) break
    members.push(member)
    at = member.end
  }
  return members
}

/** Members of a SEQUENCE with explicit context tags, by tag number ([0] … [30]). */
export function derFields(
  bytes: Uint8Array,
  sequence: DerElement,
): ReadonlyMap<number, DerElement> {
  const fields = new Map<number, DerElement>()
  for (const member of derMembers(bytes, sequence)) {
    if ((member.tag & 0xe0) === 0xa0) fields.set(member.tag & 0x1f, member)
  }
  return fields
}

/** Value of an INTEGER of at most four bytes inside an explicit tag, or null. */
export function derInteger(bytes: Uint8Array, outer: DerElement | undefined): number | null {
  const element = innerDer(bytes, outer, 0x02)
  if (element?.isWhole !== true) return null
  const length = element.end - element.start
  if (length < 1 || length > 4) return null
  let value = bytes[element.start]! >= 0x80 ? -1 : 0
  for (let i = element.start; i < element.end; i++) value = (value << 8) | bytes[i]!
  return value
}
