import { createHandlers } from './handlers.ts'
import { serveParent } from './serve-parent.ts'

// The process that holds DuckDB; child-host.ts starts it.
serveParent(createHandlers)
