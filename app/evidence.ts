import type { ReadEvidence } from '../dashboard/routes/evidence.ts'
import { captureOf, linesOf, readEvidence } from '../ingest/adapters/evidence-reader.ts'

/** The packets that sensors of this machine have kept below `data`, for the dashboard. */
export function evidenceIn(data: string): ReadEvidence {
  return async (anomalyIds) => {
    const { packets, files } = await readEvidence(data, anomalyIds)
    return { lines: linesOf(packets), files, capture: () => captureOf(packets) }
  }
}
