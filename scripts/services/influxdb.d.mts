export interface InfluxdbAccess {
  readonly url: string
  readonly org: string
  /** May make buckets, write and read. */
  readonly token: string
}

export interface LocalInfluxdb extends InfluxdbAccess {
  /** As a crash does: SIGKILL. */
  kill(): Promise<void>
  /** On the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export function influxdbFromEnvironment(): InfluxdbAccess | null
export function startInfluxdb(): Promise<LocalInfluxdb>
