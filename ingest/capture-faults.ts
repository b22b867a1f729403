import { WardwatchError } from '../records/errors.ts'

/** Why a capture is down, as the word that stands in gaps (docs/live-port.md, "Gaps"). */
export const captureFaults = [
  'interface-down',
  'interface-gone',
  'not-permitted',
  'bad-filter',
  'bad-user',
  'unreadable',
  'ended',
] as const
export type CaptureFault = (typeof captureFaults)[number]

/** Messages of tcpdump 4.9 to 4.99 with libpcap 1.8 to 1.10, first match. */
const patterns: readonly (readonly [RegExp, CaptureFault])[] = [
  [/permission|not permitted|CAP_NET_RAW/i, 'not-permitted'],
  [/can't parse filter|syntax error|filter expression|pcap_compile|unknown host/i, 'bad-filter'],
  [/couldn't find user|couldn't change to/i, 'bad-user'],
  [/no such device|doesn't exist|disappeared/i, 'interface-gone'],
  [/is not up|went down|network is down/i, 'interface-down'],
]

/** What the last messages of a capture that ended say about the reason. */
export function faultOf(messages: string): CaptureFault {
  return patterns.find(([pattern]) => pattern.test(messages))?.[1] ?? 'ended'
}

/** What of the messages tells the reason: neither the greeting nor the counts. */
export function reasonIn(messages: string): string | null {
  const lines = messages.split('\n').map((line) => line.trim())
  const telling = lines.filter(
    (line) => line !== '' && !/listening on|^(tcpdump: )?\d+ packets? /.test(line),
  )
  return telling.length === 0 ? null : telling.join(' ')
}

/** Faults that no waiting mends when the very first try meets them. */
const fatalFaults: ReadonlySet<CaptureFault> = new Set([
  'interface-gone',
  'not-permitted',
  'bad-filter',
  'bad-user',
])

export interface FaultCircumstances {
  readonly interface: string
  readonly filter: string
  readonly user: string
  readonly program: string
  /** What the program said. */
  readonly messages: string
  /** Interfaces of this machine. */
  readonly interfaces: readonly string[]
}

/** The error with its remedy for a fault that a first try must not be repeated after; null for the others. */
export function fatalErrorOf(fault: CaptureFault, at: FaultCircumstances): WardwatchError | null {
  if (!fatalFaults.has(fault)) return null
  const fields = { interface: at.interface, messages: at.messages }
  switch (fault) {
    case 'interface-gone':
      return new WardwatchError(
        'INTERFACE_NOT_FOUND',
        `there is no network interface ${at.interface}; there are: ${at.interfaces.join(', ')}`,
        { fields },
      )
    case 'not-permitted':
      return new WardwatchError(
        'CAPTURE_NOT_PERMITTED',
        `${at.program} may not capture on ${at.interface}: start as root (it then becomes user ${at.user}), ` +
          `or grant it: setcap cap_net_raw,cap_net_admin+ep "$(readlink -f "$(command -v ${at.program})")"`,
        { fields },
      )
    case 'bad-filter':
      return filterError(at.filter, at.messages)
    default:
      return new WardwatchError(
        'CONFIG_INVALID',
        `input.user: there is no user ${at.user} on this machine that the capture could become`,
        { fields },
      )
  }
}

export function filterError(filter: string, messages: string): WardwatchError {
  return new WardwatchError(
    'CONFIG_INVALID',
    `input.filter: "${filter}" is no filter: ${messages.trim() || 'it was refused'} (man pcap-filter)`,
  )
}

export function programMissing(program: string, cause: unknown): WardwatchError {
  return new WardwatchError(
    'CAPTURE_PROGRAM_MISSING',
    `${program} cannot be started: install it (apt-get install tcpdump, dnf install tcpdump), or name it in input.program`,
    { cause },
  )
}
