import { createFlowRecord, type RecordSink, type SummaryRecord } from '../../ingest/record-sink.ts'
import { createFlowIdentity } from '../../ingest/record-sink.ts'
import type { IngestConfig } from '../../ingest/config.ts'
import type { RecordAccount } from '../../ingest/record-source.ts'
import type { TimeUs } from '../../records/time.ts'
import type { Exchange, ExchangeStream } from '../exchange.ts'
import { createHeap } from '../heap.ts'
import { beginPlay, forceEnd, type Play, tellRow } from './play.ts'
import { recordTemplate, type Template } from './template.ts'

/** Shapes remembered; the one made first is made anew when it comes again. */
const templatesMax = 8192
/** Records between two steps. */
const stepRecords = 2000

/**
 * Tells the records of a stream of exchanges without making their packets: the first exchange of a shape goes through
 * the ingest pipeline, all others repeat what it told. The records are those that the pipeline makes of the packets of
 * the whole stream, in the same order and under the same numbers (docs/decisions/0020).
 * @param onTime told the start of each exchange.
 */
export function* directRecords(
  exchanges: ExchangeStream,
  sink: RecordSink,
  account: RecordAccount,
  onTime: (timeUs: TimeUs) => void = () => undefined,
): Generator<undefined> {
  const templates = createTemplates(account.config)
  const open = createHeap<Play>(isEarlier)
  const flow = createFlowRecord()
  const summary: SummaryRecord = {
    ...createFlowIdentity(),
    sequence: 0,
    timeUs: 0,
    summary: { service: 'arp', event: 'request' },
  }
  const told = { flow, summary }
  let order = 0
  let count = 0
  let lastUs = -Infinity

  function* tellUntil(timeUs: TimeUs): Generator<undefined> {
    for (let play = open.peek(); play !== undefined; play = open.peek()) {
      // At one moment timers come before packets, and packets of earlier exchanges before the next exchange.
      if (play.dueUs > timeUs) return
      tellRow(play, told, sink, account)
      if (play.at === play.template.rows.length) open.pop()
      else open.settle()
      if (++count % stepRecords === 0) yield
    }
  }

  for (const exchange of exchanges) {
    yield* tellUntil(exchange.startUs)
    onTime(exchange.startUs)
    account.advance(exchange.startUs)
    if (sink.dueUs <= exchange.startUs) sink.onClock(exchange.startUs)
    const template = templates.of(exchange)
    account.countPackets(template.totals, exchange.startUs)
    const play = beginPlay(exchange, template, order++, account)
    lastUs = Math.max(lastUs, exchange.startUs + template.lastAfterUs)
    if (template.rows.length > 0) open.push(play)
  }
  yield* tellUntil(lastUs)
  // As at the end of a capture: what is open ends now, in the order of flow ids.
  account.advance(lastUs)
  const rest: Play[] = []
  for (let play = open.pop(); play !== undefined; play = open.pop()) rest.push(play)
  for (const play of rest.sort((a, b) => a.flowId - b.flowId))
    forceEnd(play, lastUs, told, sink, account)
}

/** The order of (time, timers first, flow id or exchange): that of the pipeline. */
function isEarlier(a: Play, b: Play): boolean {
  if (a.dueUs !== b.dueUs) return a.dueUs < b.dueUs
  if (a.isTimerDue !== b.isTimerDue) return a.isTimerDue
  return a.isTimerDue ? a.flowId < b.flowId : a.order < b.order
}

function createTemplates(config: IngestConfig) {
  const known = new Map<string, Template>()
  return {
    of(exchange: Exchange): Template {
      let template = known.get(exchange.shape)
      if (template === undefined) {
        template = recordTemplate(exchange, config)
        const [oldest] = known.keys()
        if (known.size >= templatesMax && oldest !== undefined) known.delete(oldest)
        known.set(exchange.shape, template)
      }
      return template
    },
  }
}
