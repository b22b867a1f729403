import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WardwatchError } from '../../../records/errors.ts'
import type { HandlerSet } from '../../../store/adapters/duckdb/requests.ts'
import { serveParent } from '../../../store/adapters/duckdb/serve-parent.ts'

// A child without DuckDB, for tests/store/duckdb/child-host.test.ts.

export interface ProbeRequests {
  echo: { request: { bytes: Uint8Array }; response: { bytes: Uint8Array } }
  count: { request: object; response: number }
  fail: { request: { coded: boolean }; response: never }
  never: { request: object; response: never }
  spin: { request: object; response: never }
}

serveParent(({ folder }) => {
  if (existsSync(join(folder, 'refuse'))) throw new Error('told to refuse')
  let count = 0
  const set: HandlerSet<ProbeRequests> = {
    handlers: {
      echo: (request) => Promise.resolve(request),
      count: () => Promise.resolve(++count),
      fail({ coded }) {
        throw coded
          ? new WardwatchError('STATE_INCOMPATIBLE', 'too new', { fields: { version: 9 } })
          : new Error('disk is full')
      },
      never: () => new Promise(() => undefined),
      spin() {
        for (;;);
      },
    },
    close() {
      writeFileSync(join(folder, 'closed'), '')
      return Promise.resolve()
    },
  }
  return Promise.resolve(set)
})
