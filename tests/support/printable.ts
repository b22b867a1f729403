/** Control, format (bidirectional overrides, zero-width), private and unassigned characters, and line separators. */
const unprintable = /[\p{C}\u2028\u2029]/u

/** Texts anywhere within `value`, keys too, that hold a character which no terminal, log or page should be given. */
export function unprintableTexts(value: unknown): string[] {
  const found: string[] = []
  const look = (part: unknown): void => {
    if (typeof part === 'string' && unprintable.test(part)) found.push(part)
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return
    for (const [key, inner] of Object.entries(part)) {
      look(key)
      look(inner)
    }
  }
  look(value)
  return found
}
