import { latenessAllowedUs, type ObservationMessage, partitionOf } from '../records/observation.ts'
import type { ControlCommand } from '../records/control.ts'
import type { FlowBatch } from '../records/flow-batch.ts'
import type { SummaryBatch } from '../records/summary-batch.ts'
import { hourUs, type TimeUs } from '../records/time.ts'
import { createControl } from './control.ts'
import { createDeclaredCache } from './declared-cache.ts'
import type { MetContacts } from './baseline/met-contacts.ts'
import { createCalendar } from './baseline/volumes.ts'
import type {
  EngineOptions,
  EngineStats,
  Judgement,
  PartitionEngine,
  SavedPartition,
} from './engine-types.ts'
import { timerLeastUs } from './detector.ts'
import { FindingCollector } from './findings.ts'
import type { HostState } from './host-state.ts'
import { HostTable } from './host-table.ts'
import { PartitionState } from './partition-state.ts'
import { endOfHost, endOfRun, firstNotBefore, isBefore } from './runs.ts'
import { TimerHeap } from './timers.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * One partition of the engine (docs/decisions/0002). A message is taken host by host; of one host, flow rows and
 * summaries are given to the detectors in maximal runs of (time, sequence), timers in between, and then learned.
 */
export function createPartition(
  options: EngineOptions,
  met: MetContacts,
  partition: number,
  partitionCount: number,
  saved: SavedPartition,
): PartitionEngine {
  const { config, policy, detectors } = options
  const state = new PartitionState(config.siteLearningDays, saved.state)
  const declaredOf = createDeclaredCache(policy)
  const heap = new TimerHeap<HostState>()
  const findings = new FindingCollector(partition)
  const counts: Mutable<EngineStats> = {
    flowViews: 0,
    summaryViews: 0,
    late: 0,
    repeated: 0,
    missing: 0,
    timersFired: 0,
    timersMerged: 0,
    sectionsDropped: 0,
    hostsEvicted: 0,
    learningGaps: 0,
    taught: 0,
    hosts: 0,
    notEvaluated: {},
  }
  const notEvaluated = new Array<number>(detectors.length).fill(0)
  const hosts = new HostTable(
    Math.ceil(config.hostsMax / partitionCount),
    {
      policy,
      declaredOf,
      rules: {
        learning: config.learning,
        calendar: createCalendar(config.timeZone),
        met,
        isInternal: (key, address) => declaredOf(key, address).isMonitored,
      },
      detectorNames: detectors.map(({ detector }) => detector.behaviour),
      vendorOf: options.vendorOf,
      siteOf: (site) => state.siteOf(site),
      armed: (host) => heap.push(host),
      count: (what) => counts[what]++,
    },
    saved.sections,
  )
  const control = createControl(hosts, state, {
    isOwn: (key) => partitionOf(key, partitionCount) === partition,
    tellDetectors,
    dropped: () => counts.sectionsDropped++,
  })
  let isOneWay = false

  function onMessage(message: ObservationMessage, offset: number): Judgement {
    findings.begin(offset)
    const commands: ControlCommand[] = []
    if (message.kind === 'control') {
      // Commands are told apart by their ids: whoever sends them numbers nothing.
      state.advance(message.clockUs)
      const isRepeated = message.command === undefined || !state.accept(message.command)
      control.apply(commands)
      return judgementOf(commands, { isRepeated })
    }
    const gap = state.gapBefore(message)
    if (gap < 0) {
      counts.repeated++
      return judgementOf(commands, { isRepeated: true })
    }
    counts.missing += gap
    if (message.kind === 'recording') beginRecording(message)
    state.noteHealth(message)
    if (message.kind !== 'recording') state.advance(message.clockUs)
    control.apply(commands)
    if (message.kind === 'data') judgeRows(message)
    if (message.kind !== 'recording') fireTimers(state.clockUs)
    if (message.kind === 'end') endInput(message)
    const learningGap = state.noteLearned(message)
    if (learningGap !== null) counts.learningGaps++
    return judgementOf(commands, { hasEnded: message.kind === 'end', learningGap })
  }

  function judgementOf(commands: ControlCommand[], more: Partial<Judgement>): Judgement {
    const { anomalies } = findings
    return { anomalies, commands, isRepeated: false, hasEnded: false, learningGap: null, ...more }
  }

  function judgeRows(message: ObservationMessage): void {
    const { flows, summaries, health } = message
    if (flows !== null) met.begin(flows.peer)
    isOneWay =
      health.judgedFlows >= config.oneWayFlowsMin &&
      health.oneWayFlows > config.oneWayShareMax * health.judgedFlows
    const summaryStarts = new Map<string, number>()
    if (flows !== null && summaries !== null) {
      for (let row = 0; row < summaries.rowCount; row = endOfHost(summaries, row)) {
        summaryStarts.set(summaries.host.values[summaries.host.codes[row]!]!, row)
      }
    }
    for (let row = 0, end = 0; flows !== null && row < flows.rowCount; row = end) {
      end = endOfHost(flows, row)
      const key = flows.host.values[flows.host.codes[row]!]!
      const from = summaryStarts.get(key)
      if (from !== undefined) summaryStarts.delete(key)
      judgeHost(
        hosts.take(key),
        flows,
        row,
        end,
        summaries,
        from ?? 0,
        from === undefined ? 0 : endOfHost(summaries!, from),
      )
    }
    for (let row = 0, end = 0; summaries !== null && row < summaries.rowCount; row = end) {
      end = endOfHost(summaries, row)
      const key = summaries.host.values[summaries.host.codes[row]!]!
      if (flows === null || summaryStarts.has(key))
        judgeHost(hosts.take(key), null, 0, 0, summaries, row, end)
    }
  }

  /** All rows of one host: late ones are counted, the rest go to the detectors run by run, timers in between. */
  function judgeHost(
    host: HostState,
    flows: FlowBatch | null,
    flowFrom: number,
    flowTo: number,
    summaries: SummaryBatch | null,
    summaryFrom: number,
    summaryTo: number,
  ): void {
    const oldestUs = state.clockUs - latenessAllowedUs
    let f = flows === null ? 0 : firstNotBefore(flows, flowFrom, flowTo, oldestUs)
    let s = summaries === null ? 0 : firstNotBefore(summaries, summaryFrom, summaryTo, oldestUs)
    counts.late += f - flowFrom + (s - summaryFrom)
    while (f < flowTo || s < summaryTo) {
      const isFlow = s >= summaryTo || (f < flowTo && isBefore(flows!, f, summaries!, s))
      const batch = isFlow ? flows! : summaries!
      const from = isFlow ? f : s
      const timeUs = batch.timeUs[from]!
      if (host.timers.nextUs < timeUs) fireHost(host, timeUs)
      const hourEndUs = (Math.floor(timeUs / hourUs) + 1) * hourUs
      const limitUs = Math.min(host.timers.nextUs, hourEndUs - 1, timeUs + timerLeastUs - 1)
      if (isFlow) {
        const to = endOfRun(flows!, f, flowTo, summaries, s, summaryTo, limitUs)
        judgeFlows(host, flows!, f, to)
        f = to
      } else {
        const to = endOfRun(summaries!, s, summaryTo, flows, f, flowTo, limitUs)
        judgeSummaries(host, summaries!, s, to)
        s = to
      }
    }
  }

  function judgeFlows(host: HostState, batch: FlowBatch, from: number, to: number): void {
    meet(host, batch, to - 1)
    for (let i = 0; i < detectors.length; i++) {
      const { hooks } = detectors[i]!
      if (hooks.onFlows === undefined || isBlind(i, to - from)) continue
      enter(host, i)
      hooks.onFlows(batch, from, to, host, findings)
    }
    host.baseline.learnFlows(batch, from, to)
    counts.flowViews += to - from
  }

  function judgeSummaries(host: HostState, batch: SummaryBatch, from: number, to: number): void {
    meet(host, batch, to - 1)
    for (let i = 0; i < detectors.length; i++) {
      const { hooks } = detectors[i]!
      if (hooks.onSummaries === undefined || isBlind(i, to - from)) continue
      enter(host, i)
      hooks.onSummaries(batch, from, to, host, findings)
    }
    host.baseline.learnSummaries(batch, from, to)
    counts.summaryViews += to - from
  }

  /** The host as the last row of a run shows it. */
  function meet(host: HostState, batch: FlowBatch | SummaryBatch, row: number): void {
    const isOrig = batch.isOrig[row] === 1
    see(host, batch.timeUs[row]!)
    host.identify(isOrig ? batch.origIp : batch.respIp, isOrig ? batch.origMac : batch.respMac, row)
  }

  function see(host: HostState, timeUs: TimeUs): void {
    host.timeUs = timeUs
    host.baseline.see(timeUs, host.isTeaching || !host.isSiteBaselined)
  }

  function isBlind(detector: number, rows: number): boolean {
    if (!isOneWay || !detectors[detector]!.detector.needs.bothDirections) return false
    notEvaluated[detector]! += rows
    return true
  }

  function enter(host: HostState, detector: number): void {
    host.detector = detector
    findings.enter(detectors[detector]!, host)
  }

  /** Timers fire wherever their sensor looks: what was counted while it saw both directions is brought to its end. */
  function fireHost(host: HostState, beforeUs: TimeUs): void {
    hosts.touch(host)
    host.areTimersDirty = true
    while (host.timers.nextUs < beforeUs) {
      const { timeUs, detector } = host.timers.shift()
      counts.timersFired++
      enter(host, detector)
      host.timeUs = host.firingUs = timeUs
      detectors[detector]!.hooks.onTimer?.(timeUs, host, findings)
    }
    host.firingUs = -Infinity
    heap.push(host)
  }

  function fireTimers(beforeUs: TimeUs): void {
    for (let host = heap.pop(beforeUs); host !== null; host = heap.pop(beforeUs)) {
      // One timer at a time, so that timers of all hosts fire in the order of (time, host, detector).
      if (hosts.isHere(host)) fireHost(host, Math.min(beforeUs, nextAfter(host.timers.nextUs)))
    }
  }

  /** What only taught is approved; windows, timers and clock go, baselines stay. */
  function beginRecording(message: ObservationMessage): void {
    const wasTeaching = state.endTeaching(message.site)
    for (const host of hosts.ofSite(message.site)) {
      hosts.touch(host)
      // An hour is open exactly when the host was seen in the recording that ends here.
      if (wasTeaching && host.baseline.hour.hour >= 0) host.baseline.approve()
      else host.baseline.closeHour()
      host.dropWindows()
    }
    state.beginRecording(message)
  }

  /** Pending timers fire whatever their time, so that what waits is told; those asked for now only up to the last of them. */
  function endInput(message: ObservationMessage): void {
    const ofSite = hosts.ofSite(message.site)
    const lastUs = Math.max(
      -Infinity,
      ...ofSite.map((host) => host.timers.times.at(-1) ?? -Infinity),
    )
    fireTimers(nextAfter(lastUs))
    for (const host of ofSite) {
      hosts.touch(host)
      host.timeUs = state.clockUs
      for (let i = 0; i < detectors.length; i++) {
        const { hooks } = detectors[i]!
        if (hooks.onEnd === undefined) continue
        enter(host, i)
        hooks.onEnd(state.clockUs, host, findings)
      }
      host.timers.clear()
      host.areTimersDirty = true
    }
    if (!state.endTeaching(message.site)) return
    for (const host of ofSite) if (host.baseline.hour.hour >= 0) host.baseline.approve()
  }

  function tellDetectors(command: ControlCommand, key: string): void {
    const host = hosts.find(key)
    if (host === null) return
    hosts.touch(host)
    host.timeUs = command.effectiveUs
    for (let i = 0; i < detectors.length; i++) {
      enter(host, i)
      detectors[i]!.hooks.onControl?.(command, host, findings)
    }
  }

  function stats(): EngineStats {
    const names = detectors.map(
      ({ detector }, i) => [detector.behaviour, notEvaluated[i]!] as const,
    )
    return {
      ...counts,
      hosts: hosts.size,
      hostsEvicted: hosts.evicted,
      taught: findings.taught,
      notEvaluated: Object.fromEntries(names.filter(([, rows]) => rows > 0)),
    }
  }

  return {
    onMessage,
    takeChanges: () => ({ state: state.encode(), ...hosts.takeChanges() }),
    stats,
  }
}

/** The smallest time later than `timeUs`: event time is in whole microseconds. */
function nextAfter(timeUs: TimeUs): TimeUs {
  return timeUs + 1
}
