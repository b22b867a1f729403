/** Hashing of passwords (dashboard/adapters/argon2.ts). */
export interface Passwords {
  /** A hash in PHC string format, with a salt of its own. */
  hash(password: string): Promise<string>
  /**
   * Takes as long whether there is a hash or not (`null`: no such user), so that the time does not tell.
   * @throws Refusal 503 when too many wait
   */
  verify(hash: string | null, password: string): Promise<boolean>
}
