/** Certificate and key in PEM. */
export interface TlsContent {
  readonly cert: string
  readonly key: string
}

/** The files of the configuration's `dashboard.tls` (dashboard/adapters/tls-files.ts). */
export interface TlsFiles {
  current(): TlsContent
  /** Calls `take` when the files have changed; what `take` throws keeps the old ones in force. */
  onChange(take: (content: TlsContent) => void): void
  stop(): void
}
