import { counter, gauge, type Metric } from '../metric.ts'
import type { Watched } from '../watched.ts'

const writer = ({ series }: Watched) => series?.writer?.counters()
const status = ({ series }: Watched) =>
  series === undefined || series === null || series.writer === null ? null : series.store.status()

export const seriesMetrics: readonly Metric[] = [
  counter('series_rows_counted', 'Flow views counted in a point.', (w) => writer(w)?.rows),
  counter(
    'series_rows_late',
    'Flow views in no point, because they came more than 30 s late.',
    (w) => writer(w)?.lateRows,
  ),
  counter(
    'series_rows_overflow',
    'Flow views in no point, because too many counters were open.',
    (w) => writer(w)?.overflowRows,
  ),
  counter('series_points_written', 'Points handed to the store.', (w) => writer(w)?.points),
  counter(
    'series_points_shed',
    'Points given up in memory, because the store took none for too long.',
    (w) => writer(w)?.lostPoints,
  ),
  counter(
    'series_points_lost',
    'Points that the store has refused or had no room for, since the data was begun.',
    (w) => status(w)?.losses.points,
  ),
  gauge(
    'series_waiting_bytes',
    'Bytes taken in that are not in the store yet.',
    (w) => status(w)?.waitingBytes,
  ),
]
