import { createSeriesHandlers } from '../../store/adapters/duckdb/series-handlers.ts'
import { serveParent } from '../../store/adapters/duckdb/serve-parent.ts'

// The process that holds DuckDB, with the series alone.
serveParent(createSeriesHandlers)
