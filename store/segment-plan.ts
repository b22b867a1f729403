import { dayUs, hourUs, type TimeUs } from '../records/time.ts'
import type { HistoryFile } from './segment-store.ts'

export interface RetentionConfig {
  /** Event time kept, in days before the newest packet. */
  readonly retentionDays: number
  /** Bytes of all files together; beyond them the oldest go. */
  readonly retentionBytesMax: number
}

/** How long after midnight a day counts as finished: records of idle flows come late. */
const lateUs = hourUs

/**
 * Files to be merged, group by group. A group holds what touches a finished day of which there is more than one file,
 * and, because a file leaves the history whole, what the day's files reach over.
 * @param files in the order of (fromUs, name).
 * @param liveUs newest packet that is in no file yet; −Infinity: none.
 */
export function finishedDays(files: readonly HistoryFile[], liveUs: TimeUs): HistoryFile[][] {
  const newestUs = newestOf(files, liveUs)
  const groups: HistoryFile[][] = []
  const taken = new Set<string>()
  const days = new Set(files.map(({ fromUs }) => Math.floor(fromUs / dayUs)))
  for (const day of [...days].sort((a, b) => a - b)) {
    const [fromUs, toUs] = [day * dayUs, (day + 1) * dayUs]
    if (toUs + lateUs > newestUs) break
    const group = files.filter(
      (file) => !taken.has(file.name) && file.fromUs < toUs && file.toUs >= fromUs,
    )
    const isMerged = group.length === 1 && group[0]!.kind === 'day'
    if (group.length === 0 || isMerged) continue
    for (const { name } of group) taken.add(name)
    groups.push(group)
  }
  return groups
}

/** Files that retention lets go, oldest first: those wholly older than `retentionDays`, then what is over the size. */
export function outOfRetention(
  files: readonly HistoryFile[],
  { retentionDays, retentionBytesMax }: RetentionConfig,
  liveUs: TimeUs,
): HistoryFile[] {
  const newestUs = newestOf(files, liveUs)
  const oldestFirst = [...files].sort((a, b) => a.toUs - b.toUs)
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const gone: HistoryFile[] = []
  for (const file of oldestFirst) {
    const isOld = file.toUs < newestUs - retentionDays * dayUs
    if (!isOld && bytes <= retentionBytesMax) break
    bytes -= file.bytes
    gone.push(file)
  }
  return gone
}

/** A loop, because a call with an argument a file has a limit. */
function newestOf(files: readonly HistoryFile[], liveUs: TimeUs): TimeUs {
  return files.reduce((newest, { toUs }) => Math.max(newest, toUs), liveUs)
}
