import { flowStoreContract } from '../../contracts/flow-store.contract.ts'
import { openFlowPlace } from '../../support/flow-place.ts'

flowStoreContract('DuckDB', openFlowPlace)
