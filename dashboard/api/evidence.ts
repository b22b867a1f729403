import { z } from 'zod'

// Packets that sensors have kept of an alert. Looking at them is audited.
//
//   GET /api/alerts/:id/evidence        evidenceSchema; without packets where nothing is kept
//   GET /api/alerts/:id/evidence.pcap   the packets as a capture file, or 404

export const evidencePacketSchema = z.object({
  time: z.string().describe('RFC 3339, UTC, microseconds'),
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  bytes: z.number().int().describe('on the wire, link header included'),
  info: z.string(),
})
export type EvidencePacket = z.infer<typeof evidencePacketSchema>

export const evidenceSchema = z.object({
  packets: z.array(evidencePacketSchema).describe('oldest first, at most 1000'),
  packetCount: z.number().int().describe('how many are kept'),
  files: z
    .array(
      z.object({
        sensor: z.string(),
        anomalyId: z.string(),
        bytes: z.number().int(),
        sha256: z.string(),
      }),
    )
    .describe('what they were read from'),
})
export type Evidence = z.infer<typeof evidenceSchema>
