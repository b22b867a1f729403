/** What one partition's series are gone on with after a restart. Reader: which topic it is a partition of. */
export interface SeriesCommit {
  readonly reader: SeriesReader
  readonly partition: number
  /** As `acquire` gave it. */
  readonly epoch: number
  /** As the writer encoded it. */
  readonly state: Uint8Array
  readonly knownPeers: readonly KnownPeersState[]
  /** Devices whose known peers go. */
  readonly forgotten: readonly string[]
}

export type SeriesReader = 'observations' | 'anomalies'

export interface KnownPeersState {
  readonly device: string
  readonly peers: Uint8Array
}

/** How far the series have been written, and what "new" rests on. Points themselves are in the series store. */
export interface SeriesStateStore {
  /** Takes the partition: whoever held it can no longer commit. `state` is null at first. */
  acquire(
    reader: SeriesReader,
    partition: number,
  ): Promise<{ readonly epoch: number; readonly state: Uint8Array | null }>
  knownPeers(partition: number): Promise<KnownPeersState[]>
  /**
   * One transaction: all of it or none.
   * @throws WardwatchError PARTITION_LOST when another writer has taken the partition.
   */
  commit(commit: SeriesCommit): Promise<void>
}
