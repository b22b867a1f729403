export interface LocalKafka {
  readonly brokers: string[]
  /** As a crash does: SIGKILL. */
  kill(): Promise<void>
  /** On the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export function kafkaFromEnvironment(): string[] | null
export function startKafka(): Promise<LocalKafka>
