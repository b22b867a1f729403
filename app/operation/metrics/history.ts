import type { FlowStoreHealth } from '../../../store/flow-store.ts'
import { counter, gauge, type Metric } from '../metric.ts'
import type { Watched } from '../watched.ts'

const health = ({ history }: Watched): FlowStoreHealth | undefined => history?.flows.health()

export const historyMetrics: readonly Metric[] = [
  counter(
    'history_messages_taken',
    'Messages handed to the history.',
    (w) => w.history?.historian.counters().messages,
  ),
  counter(
    'history_messages_shed',
    'Messages left out because the history could not take them; each is in a recorded gap.',
    (w) => w.history?.historian.counters().shed,
  ),
  counter('history_records_kept', 'Flow records kept.', (w) => health(w)?.records),
  counter(
    'history_messages_repeated',
    'Messages that were kept before and came again.',
    (w) => health(w)?.repeated,
  ),
  counter(
    'history_messages_malformed',
    'Messages that could not be read and were skipped.',
    (w) => health(w)?.malformed,
  ),
  counter(
    'history_process_crashes',
    'Times the process that holds the files ended by itself.',
    (w) => health(w)?.crashes,
  ),
  gauge(
    'history_behind',
    '1 while what is appended cannot be written and waits in memory, else 0.',
    (w) => {
      const state = health(w)?.state
      return state === undefined ? null : Number(state === 'behind')
    },
  ),
  gauge(
    'history_unflushed_bytes',
    'Bytes of messages taken and not yet safe.',
    (w) => health(w)?.unflushedBytes,
  ),
  gauge('history_files', 'Sealed files.', (w) => health(w)?.files),
  gauge('history_file_bytes', 'Their bytes.', (w) => health(w)?.fileBytes),
]
