/** A kind of request, what it carries and what it is answered with; both must survive a structured clone. */
export type RequestMap = Record<string, { request: unknown; response: unknown }>

/** What answers the requests of one map in the child. A rejection travels back to who asked. */
export type Handlers<Requests> = {
  readonly [Kind in keyof Requests]: (
    request: RequestOf<Requests, Kind>,
  ) => Promise<ResponseOf<Requests, Kind>>
}

export type RequestOf<Requests, Kind extends keyof Requests> = Requests[Kind] extends {
  request: infer Request
}
  ? Request
  : never
export type ResponseOf<Requests, Kind extends keyof Requests> = Requests[Kind] extends {
  response: infer Response
}
  ? Response
  : never

/** One topic of the child: its handlers, and how it lets go of its files. */
export interface HandlerSet<Requests> {
  readonly handlers: Handlers<Requests>
  /** Before the child ends in order; after a crash nobody calls it. */
  close(): Promise<void>
}

/** What the child is told once, before its first request. */
export interface ChildOptions {
  /** Folder below which every topic keeps a folder of its own; made when it is not there. */
  readonly folder: string
  /** Memory DuckDB may take, over all topics, in bytes. */
  readonly memoryBytesMax: number
  /** Threads DuckDB may use at once. */
  readonly threads: number
}

/** What the child knows of itself. */
export interface ProcessRequests {
  process: {
    request: Record<string, never>
    response: {
      pid: number
      duckdb: string
      residentBytes: number
      /** Processor time used so far, all threads together. */
      cpuMs: number
    }
  }
}

// Parent to child and back, as structured clones over the channel of child_process.

export type ToChild =
  | { readonly type: 'open'; readonly options: ChildOptions }
  | {
      readonly type: 'request'
      readonly id: number
      readonly kind: string
      readonly request: unknown
    }
  | { readonly type: 'close' }

export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly error: SentError }
  | { readonly type: 'answer'; readonly id: number; readonly response: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: SentError }

/** An error on its way between the processes. */
export interface SentError {
  readonly code: string | null
  readonly message: string
  readonly retryable: boolean
  readonly fields: Readonly<Record<string, unknown>>
}
