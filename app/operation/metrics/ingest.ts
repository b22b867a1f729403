import type { CaptureHealth } from '../../../records/observation.ts'
import { byLabel, counter, gauge, type Metric } from '../metric.ts'
import type { Watched } from '../watched.ts'

const ingested = ({ ingest }: Watched) => ingest?.stats()

const capture = ({ ingest }: Watched) => ingest?.clock().health.capture
const upOf = (known: CaptureHealth | undefined) =>
  known === undefined ? undefined : Number(known.downSinceUs === null)
const secondsOf = (us: number | undefined) => (us === undefined ? undefined : us / 1e6)

export const ingestMetrics: readonly Metric[] = [
  counter(
    'ingest_packets_read',
    'Packets read, refused ones and second copies included.',
    (w) => ingested(w)?.packets,
  ),
  counter('ingest_wire_bytes', 'Bytes these packets had on the wire.', (w) => ingested(w)?.bytes),
  counter(
    'ingest_packets_dropped',
    'Packets that the kernel or a full table dropped: not seen, not judged.',
    (w) => w.ingest?.clock().health.dropped,
  ),
  gauge(
    'ingest_capture_up',
    '1 while a port that is watched live is captured, 0 while it is down.',
    (w) => upOf(capture(w)),
  ),
  counter(
    'ingest_capture_gaps',
    'Times that a live port was down, ended ones (docs/live-port.md).',
    (w) => capture(w)?.gaps,
  ),
  counter('ingest_capture_gap_seconds', 'How long these were together.', (w) =>
    secondsOf(capture(w)?.gapUs),
  ),
  counter(
    'ingest_packets_duplicate',
    'Second copies of a doubled mirror, left out.',
    (w) => ingested(w)?.duplicates,
  ),
  counter(
    'ingest_stamps_clamped',
    'Time stamps that went back or jumped, replaced by the sensor clock.',
    (w) => ingested(w)?.clamped,
  ),
  counter(
    'ingest_rejects',
    'Packets and pieces of protocols that were refused, by cause (docs/formats/rejects.md).',
    (w) => byLabel('cause', ingested(w)?.rejects),
    ['cause'],
  ),
  counter('ingest_flows_opened', 'Flows begun.', (w) => ingested(w)?.flows),
  counter(
    'ingest_flow_records',
    'Flow records told, each counted once.',
    (w) => ingested(w)?.flowRecords,
  ),
  counter(
    'ingest_flows_evicted',
    'Flows ended early because the table was full: raise ingest.flowsMax.',
    (w) => ingested(w)?.evictedFlows,
  ),
  counter(
    'ingest_leases_forgotten',
    'DHCP leases forgotten because ingest.leasesMax were remembered.',
    (w) => ingested(w)?.forgottenLeases,
  ),
  counter(
    'ingest_fragments_unmatched',
    'Fragments whose first one was not seen.',
    (w) => ingested(w)?.unmatchedFragments,
  ),
  counter(
    'ingest_summaries',
    'Protocol events told, by service.',
    (w) => byLabel('service', ingested(w)?.summaries),
    ['service'],
  ),
  counter(
    'ingest_streams_limited',
    'What protocol decoders were not shown, by cause.',
    (w) => byLabel('cause', ingested(w)?.streams),
    ['cause'],
  ),
  counter(
    'ingest_flows_judged',
    'TCP flows of which it was decided whether both directions were seen.',
    (w) => ingested(w)?.judgedFlows,
  ),
  counter(
    'ingest_flows_oneway',
    'Those of which only one was: a high share means a half mirror.',
    (w) => ingested(w)?.oneWayFlows,
  ),
  gauge(
    'ingest_clock_lag_seconds',
    'Wall time less the sensor clock, of a live sensor: how old the newest judged packet can be at best.',
    (w) => clockLag(w),
  ),
]

function clockLag({ sensors, now }: Watched): number | null {
  const [sensor] = sensors()
  return sensor?.isLive === true && sensor.clockUs > 0 ? now() / 1000 - sensor.clockUs / 1e6 : null
}
