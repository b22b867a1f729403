/** What tcpdump tells of one capture; all count since it was started, in 32 bits (pcap_stats(3PCAP)). */
export interface DropReport {
  /** Handed to the filter by the kernel. */
  received?: number
  /** No room in the kernel's buffer: the reader was too slow. */
  droppedByKernel?: number
  /** Lost by the network card or its driver. */
  droppedByInterface?: number
}

const fieldOf = {
  'received by filter': 'received',
  'dropped by kernel': 'droppedByKernel',
  'dropped by interface': 'droppedByInterface',
} as const satisfies Record<string, keyof DropReport>

const countPattern = /\b(\d{1,10}) packets? (received by filter|dropped by (?:kernel|interface))\b/g

/**
 * The counts of one line of tcpdump's messages; null when it has none. On SIGUSR1 all stand in one line
 * (`tcpdump: 5 packets captured, 7 packets received by filter, 0 packets dropped by kernel`), at its end each in its own.
 */
export function parseDropReport(line: string): DropReport | null {
  const report: DropReport = {}
  for (const [, count, what] of line.matchAll(countPattern))
    report[fieldOf[what as keyof typeof fieldOf]] = Number(count) % 2 ** 32
  return Object.keys(report).length === 0 ? null : report
}

/** Sums the reports of captures that follow one another, over the wrap of their 32-bit counters. */
export interface DropTotals {
  readonly received: number
  readonly dropped: number
  add(report: DropReport): void
  /** Another capture begins: it counts from 0. */
  restart(): void
}

export function createDropTotals(): DropTotals {
  let last: Required<DropReport> = noCounts
  const totals = { received: 0, dropped: 0 }
  return {
    get received() {
      return totals.received
    },
    get dropped() {
      return totals.dropped
    },
    add(report) {
      const next = { ...last, ...report }
      totals.received += grown(last.received, next.received)
      totals.dropped +=
        grown(last.droppedByKernel, next.droppedByKernel) +
        grown(last.droppedByInterface, next.droppedByInterface)
      last = next
    },
    restart() {
      last = noCounts
    },
  }
}

const noCounts = { received: 0, droppedByKernel: 0, droppedByInterface: 0 }

/** How far a 32-bit counter has come; one that went back has passed its end. */
function grown(from: number, to: number): number {
  return (to - from + 2 ** 32) % 2 ** 32
}
