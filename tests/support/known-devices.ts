import { type FoldedBaseline, createFolded, foldedVersion } from '../../analyzer/baseline/folded.ts'
import { encodeSection } from '../../analyzer/section.ts'
import { dayUs, hourUs, type TimeUs } from '../../records/time.ts'
import type { HostProgressRow, StateStore } from '../../store/state-store.ts'

/** A device as the analyzer would have committed it, seen last at `nowUs`. */
export interface KnownDevice {
  readonly progress: HostProgressRow
  readonly folded: FoldedBaseline
}

export function knownDevice(
  address: string,
  nowUs: TimeUs,
  changes: Partial<HostProgressRow> = {},
  baseline: Partial<FoldedBaseline> = {},
): KnownDevice {
  const hour = Math.floor(nowUs / hourUs)
  const relation = { firstHour: hour - 200, lastHour: hour - 1, hours: 60, days: 8 }
  const folded: FoldedBaseline = {
    ...createFolded(nowUs - 9 * dayUs, true),
    state: changes.state ?? 'provisional',
    days: 5,
    weekendDays: 0,
    activeHours: 31,
    foldedToHour: hour,
    flows: 41_233,
    relations: new Map([
      ['to|tcp/104|north|lan|ip:10.1.0.20', { ...relation, isApproved: true }],
      ['to|tcp/443|vendor.example', { ...relation, isApproved: false }],
      ['to|udp/53|north|lan|ip:10.1.0.2', { ...relation, hours: 190, days: 9, isApproved: false }],
      [
        'from|tcp/22|north|lan|ip:10.1.0.66',
        { firstHour: hour - 2, lastHour: hour - 1, hours: 2, days: 1, isApproved: false },
      ],
      ['caller|dicom|CT3_STORE|north|lan|ip:10.1.0.3', { ...relation, isApproved: true }],
    ]),
    identity: [
      { kind: 'dhcp-name', value: 'pump-14', firstUs: nowUs - 9 * dayUs, lastUs: nowUs },
      { kind: 'dicom-title', value: 'ICU_PUMP', firstUs: nowUs - 8 * dayUs, lastUs: nowUs },
    ],
    ...baseline,
  }
  return {
    progress: {
      host: `north|lan|ip:${address}`,
      site: 'north',
      state: folded.state,
      isApproved: false,
      firstSeenUs: folded.firstSeenUs,
      lastSeenUs: nowUs,
      daysSeen: folded.days,
      activeHours: folded.activeHours,
      relations: folded.relations.size,
      address,
      mac: '00:1b:21:0a:00:14',
      vendor: 'Intel Corporate',
      name: 'pump-14',
      deviceClass: 'medical',
      zone: 'ICU',
      ...changes,
    },
    folded,
  }
}

/** Commits them as the analyzer does. */
export async function learnDevices(
  store: StateStore,
  devices: readonly KnownDevice[],
): Promise<void> {
  const { epoch } = await store.partitions.acquire(0)
  await store.partitions.commit({
    row: { partition: 0, epoch, nextOffset: 0, state: Uint8Array.of(1) },
    sections: devices.map(({ progress, folded }) => ({
      host: progress.host,
      section: 'baseline',
      value: encodeSection(foldedVersion, folded),
    })),
    removedHosts: [],
    progress: devices.map(({ progress }) => progress),
  })
}
