import { z } from 'zod'
import { evidenceConfigSchema } from './evidence/config.ts'

const cidr = z.union([z.cidrv4(), z.cidrv6()])

/** How one sensor reads packets; times are event time unless a field says otherwise. */
export const ingestConfigSchema = z.strictObject({
  site: z
    .string()
    .min(1)
    .regex(/^[^|]+$/)
    .default('main')
    .describe('site the sensor stands at: first part of every host key'),
  sensor: z.string().min(1).default('sensor-1').describe('name of this sensor within its site'),
  run: z
    .string()
    .min(1)
    .default('replay')
    .describe('one life of the sensor: a replay keeps it, a live start takes a new one'),
  addressSpace: z
    .string()
    .min(1)
    .regex(/^[^|]+$/)
    .default('default')
    .describe('address space of untagged packets and of VLANs not named below'),
  addressSpaces: z
    .array(
      z.strictObject({
        name: z
          .string()
          .min(1)
          .regex(/^[^|]+$/)
          .describe('name in host keys'),
        vlans: z
          .array(z.int().min(1).max(4094))
          .min(1)
          .describe('VLAN ids whose address ranges are their own'),
      }),
    )
    .max(255)
    .default([])
    .describe('VLANs that reuse address ranges of other VLANs'),
  dynamicNetworks: z
    .array(cidr)
    .default([])
    .describe('networks in which a DHCP lease decides identity; empty: wherever a lease is seen'),
  broadcastAddresses: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .default([])
    .describe('directed broadcast addresses: they belong to no host'),
  evidence: evidenceConfigSchema.describe('packets of what raised an alert').prefault({}),
  flowsMax: z
    .int()
    .min(16)
    .max(4_194_304)
    .default(262_144)
    .describe(
      'flows followed at once, 220 bytes each; beyond it the oldest unestablished flow ends early',
    ),
  leasesMax: z
    .int()
    .min(16)
    .max(4_194_304)
    .default(65_536)
    .describe('DHCP leases remembered; beyond it the oldest is forgotten'),
  sessionsMax: z
    .int()
    .min(1)
    .default(65_536)
    .describe(
      'recognised application protocol sessions followed at once; beyond it new flows are not inspected',
    ),
  tcpIdleSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(300)
    .describe('a TCP flow that was answered ends after this silence'),
  attemptIdleSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(60)
    .describe('a TCP flow that was never answered ends after this silence'),
  udpIdleSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(60)
    .describe('a UDP flow, or one of another IP protocol, ends after this silence'),
  icmpIdleSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(60)
    .describe('an ICMP flow ends after this silence'),
  unansweredSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(5)
    .describe('a first contact without an answer for this long counts as unanswered'),
  activeSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(60)
    .describe('traffic of a lasting flow is told at least this often'),
  closeLingerSeconds: z
    .number()
    .positive()
    .max(60)
    .default(1)
    .describe('a closed TCP flow keeps its last acknowledgements for this long'),
  duplicateWindowMs: z
    .number()
    .min(0)
    .max(1000)
    .default(5)
    .describe('a copy of a packet within this time is a second mirror copy; 0 suppresses none'),
  flushRows: z
    .int()
    .min(1)
    .max(2000)
    .default(2000)
    .describe('views and summaries after which all partitions are flushed'),
  flushMs: z
    .number()
    .positive()
    .max(10_000)
    .default(100)
    .describe('live, event time after which all partitions are flushed'),
  replayFlushMs: z
    .number()
    .positive()
    .max(20_000)
    .default(10_000)
    .describe(
      'in a replay, event time after which all partitions are flushed: nobody waits for it',
    ),
  punctuationSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(60)
    .describe('in a replay, event time after which a silent partition gets a clock'),
  liveFlushMs: z
    .number()
    .positive()
    .max(10_000)
    .default(100)
    .describe('live, wall time after which unsent records are flushed'),
  liveIdleMs: z
    .number()
    .positive()
    .max(30_000)
    .default(500)
    .describe(
      'live, how far the clock of a port without packets stays behind the wall clock: room for packets on their way',
    ),
  livePunctuationMs: z
    .number()
    .positive()
    .max(10_000)
    .default(250)
    .describe('live, wall time after which a silent partition gets a clock'),
})

export type IngestConfig = z.infer<typeof ingestConfigSchema>
