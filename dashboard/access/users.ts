import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { UserRole, UserRow } from '../../store/access-store.ts'
import { passwordFault } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

/** A user's name: what is typed at log-in and stands in the audit log. */
export const userNameSchema = z
  .string()
  .transform((text) => text.trim().normalize('NFKC').toLowerCase())
  .refine((name) => /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u.test(name), {
    error: 'use 1 to 64 letters, digits, dots, hyphens, underscores or @',
  })

/** What is wrong with a new user's name or password, by field; null when nothing is. */
export function userFault(
  name: string,
  password: string,
): { readonly field: 'name' | 'password'; readonly message: string } | null {
  const parsed = userNameSchema.safeParse(name)
  if (!parsed.success) return { field: 'name', message: parsed.error.issues[0]!.message }
  const fault = passwordFault(password, parsed.data)
  return fault === null ? null : { field: 'password', message: fault }
}

/** The row of a new user; name and password have been checked by `userFault`. */
export async function newUser(
  given: { readonly name: string; readonly password: string; readonly role: UserRole },
  deps: { readonly passwords: Pick<Passwords, 'hash'>; readonly now: () => number },
): Promise<UserRow> {
  return {
    id: randomUUID(),
    name: userNameSchema.parse(given.name),
    role: given.role,
    passwordHash: await deps.passwords.hash(given.password),
    isDisabled: false,
    createdMs: deps.now(),
    changedMs: deps.now(),
  }
}
