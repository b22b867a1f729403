import { createHash, randomBytes } from 'node:crypto'

/** A secret of 256 random bits, 43 characters of base64url: a session's id, a set-up link. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a token. One round is enough: nobody guesses 256 random bits. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Whether a text could be a token, so that nothing else is looked up. */
export function isToken(text: string | undefined): text is string {
  return text !== undefined && /^[\w-]{43}$/.test(text)
}
