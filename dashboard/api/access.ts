import { z } from 'zod'

// Log-in, sessions, the own account and the audit log.
//
//   GET    /api/session            sessionStateSchema, also for who is not logged in
//   POST   /api/session            logInSchema → sessionStateSchema; 401, 429 with Retry-After
//   DELETE /api/session            logs out
//   POST   /api/session/activity   a key or a click: the idle time begins anew
//   POST   /api/set-up             setUpSchema → sessionStateSchema; 403 when the link is not good
//   GET    /api/sessions           ownSessionsSchema
//   DELETE /api/sessions           all but this one
//   DELETE /api/sessions/:id       one of the own
//   PUT    /api/account/password   newPasswordSchema; ends all other sessions, this one goes on under a new id
//   GET    /api/audit?limit&before&action   auditPageSchema, newest first

/** Bounds of what is read before it is checked: a password of 128 characters has 512 bytes at most. */
const text = (max: number) => z.string().max(max)

export const logInSchema = z.strictObject({ name: text(200), password: text(1024) })

export const setUpSchema = z.strictObject({
  token: text(100),
  name: text(200),
  password: text(1024),
})

export const newPasswordSchema = z.strictObject({ password: text(1024), newPassword: text(1024) })

export const roleSchema = z.enum(['admin', 'analyst', 'auditor'])

export const sessionStateSchema = z.object({
  user: z.object({ name: z.string(), role: roleSchema }).nullable().describe('null: not logged in'),
  needsSetUp: z.boolean().describe('there is no administrator yet'),
  idleMinutes: z.number().describe('the session ends after this long without activity'),
})
export type SessionState = z.infer<typeof sessionStateSchema>

export const ownSessionsSchema = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      isThis: z.boolean(),
      createdMs: z.number(),
      activeMs: z.number(),
      from: z.string(),
      agent: z.string(),
    }),
  ),
})
export type OwnSessions = z.infer<typeof ownSessionsSchema>

export const auditPageSchema = z.object({
  entries: z.array(
    z.object({
      sequence: z.number().int(),
      atMs: z.number(),
      by: z.string(),
      from: z.string(),
      action: z.string(),
      object: z.string(),
      details: z.record(z.string(), z.unknown()),
      previousHash: z.string(),
      hash: z.string(),
    }),
  ),
  next: z.number().int().nullable().describe('`before` of the next page; null at the end'),
})
export type AuditPage = z.infer<typeof auditPageSchema>

/** Code a live connection is closed with when its session is over (RFC 6455 §7.4.2: 4000–4999 are free for use). */
export const sessionEndedCode = 4401
