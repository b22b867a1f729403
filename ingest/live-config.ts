import { z } from 'zod'

/**
 * Keys of a mirror port that is watched live, as part of `input`. One port now; a list of ports would be a list of
 * objects with these keys.
 */
export const livePortShape = {
  interface: z
    .string()
    // Linux: 15 bytes, no slash, no blank. `any` has no Ethernet headers.
    .regex(/^(?!any$|-)[^\s/]{1,15}$/, 'name of one network interface, not `any`')
    .nullable()
    .default(null)
    .describe('network interface of a mirror port that is watched live; null: none'),
  filter: z
    .string()
    .max(4096)
    .default('')
    .describe('live, BPF filter (pcap-filter syntax) of what is watched; empty: everything'),
  snapLengthBytes: z
    .int()
    .min(256)
    .max(262_144)
    .default(9216)
    .describe('live, bytes captured of each packet'),
  bufferBytes: z
    .int()
    .min(65_536)
    .max(2_147_482_624)
    .default(134_217_728)
    .describe('live, kernel’s buffer for packets not yet read; in it a packet takes a full frame'),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,31}$/)
    .refine((user) => user !== 'root', 'name a user without rights: capturing goes on as that user')
    .default('nobody')
    .describe('live, when started as root: user that tcpdump becomes once the port is open'),
  dropReportSeconds: z
    .number()
    .min(0.05)
    .max(3600)
    .default(5)
    .describe('live, how often the kernel is asked how many packets it dropped'),
  reconnectSecondsMin: z
    .number()
    .min(0.01)
    .max(3600)
    .default(0.5)
    .describe('live, wait before a port that went away is tried again; doubled at each try'),
  reconnectSecondsMax: z
    .number()
    .min(0.01)
    .max(3600)
    .default(10)
    .describe('live, longest wait before a port that went away is tried again'),
  program: z
    .string()
    .min(1)
    .default('tcpdump')
    .describe('live, the program that captures, with its path where it is not in PATH'),
}

export const livePortSchema = z.object(livePortShape)

/** A port that is watched. */
export type LivePortConfig = Readonly<z.infer<typeof livePortSchema>> & {
  readonly interface: string
}
