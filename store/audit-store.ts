/** Something a person did or tried, as it is told to the audit log. */
export interface AuditEntry {
  /** Wall clock, ms since the epoch. */
  readonly atMs: number
  /** User name; `cli:NAME` for a command on the server's machine; `wardwatch` for the program itself. */
  readonly by: string
  /** Address it came from, past trusted proxies; `local` for the command line. */
  readonly from: string
  /** `noun.verb`: `alert.close`, `history.look-up`; docs/access.md lists them all. */
  readonly action: string
  /** What it was done to: an alert's id, a host's key, a user's name. Cut at 512 characters. */
  readonly object: string
  /** What else is to be known, as JSON; no secret. Left out, and said so, beyond 8 kB. */
  readonly details: Readonly<Record<string, unknown>>
}

/** An entry in its place in the chain. */
export interface AuditRow extends AuditEntry {
  /** From 1, without holes. */
  readonly sequence: number
  /** Of the row before; 64 zeros before the first. */
  readonly previousHash: string
  /** SHA-256 over all of the above (store/audit-chain.ts). */
  readonly hash: string
}

/** Whether the chain holds; `fault` names the first row that is not as it was written. */
export interface AuditVerdict {
  readonly count: number
  /** Hash of the last row: noted elsewhere, it proves later that nothing before it was changed. */
  readonly lastHash: string
  readonly fault: { readonly sequence: number; readonly reason: string } | null
}

/**
 * Append-only: there is no way to change a row or to take one out. What is done inside another transaction of the
 * state store (an alert's change) writes its row there, with `appendAudit` of store/sql-audit.ts.
 */
export interface AuditStore {
  record(entry: AuditEntry): Promise<void>
  /** Newest first, those before `before` (a sequence) if given; of one action if given. */
  list(query: {
    readonly limit: number
    readonly before?: number
    readonly action?: string
  }): Promise<AuditRow[]>
  /** Reads the whole chain. */
  verify(): Promise<AuditVerdict>
}
