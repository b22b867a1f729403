import { type Anomaly, anomalyId, rowKeyOf } from '../records/anomaly.ts'
import type { Finding, Findings } from './detector.ts'
import type { ConfiguredDetector } from './engine-types.ts'
import type { HostState } from './host-state.ts'

/** Counterparts named in one anomaly. */
const peersMax = 32
/** Relations one anomaly is about: a detector names a few at most. */
const relationsMax = 32

/** Turns what detectors report while one message is judged into anomalies with id, owner and position. */
export class FindingCollector implements Findings {
  anomalies: Anomaly[] = []
  /** Findings dropped because the recording only teaches. */
  taught = 0
  readonly #partition: number
  #offset = 0
  #host: HostState | null = null
  #configured: ConfiguredDetector | null = null

  constructor(partition: number) {
    this.#partition = partition
  }

  begin(offset: number): void {
    this.#offset = offset
    this.anomalies = []
  }

  /** What is reported from now on is this detector's, on this host. */
  enter(configured: ConfiguredDetector, host: HostState): void {
    this.#configured = configured
    this.#host = host
  }

  report(finding: Finding): void {
    const [host, configured] = [this.#host!, this.#configured!]
    if (host.isTeaching) {
      this.taught++
      return
    }
    this.anomalies.push(this.#anomalyOf(finding, host, configured))
    // A fact taints what its counterparts do in this hour; mere novelty must be able to become usual.
    if (configured.detector.needs.history !== 'none') return
    for (const peer of finding.peers) if (peer.key !== null) host.baseline.flag(peer.key)
  }

  #anomalyOf(finding: Finding, host: HostState, { detector }: ConfiguredDetector): Anomaly {
    const { behaviour, attack } = detector
    const { relations } = finding
    const owner = {
      site: host.parts.site,
      behaviour,
      viewKey: host.key,
      objectGroup: finding.objectGroup,
    }
    return {
      id: anomalyId(rowKeyOf(owner), behaviour, finding.oldestUs),
      ...owner,
      detector: behaviour,
      score: Math.min(1, Math.max(0, finding.score)),
      oldestUs: finding.oldestUs,
      timeUs: finding.timeUs,
      count: finding.count,
      summary: finding.summary,
      why: finding.why,
      device: { address: host.address, mac: host.mac, name: host.declared.name },
      peers: finding.peers.slice(0, peersMax),
      attack: [...attack],
      ...(relations === undefined || relations.length === 0
        ? {}
        : { relations: relations.slice(0, relationsMax) }),
      position: { partition: this.#partition, offset: this.#offset, index: this.anomalies.length },
    }
  }
}
