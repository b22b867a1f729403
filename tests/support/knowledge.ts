import { analyzerConfigSchema } from '../../analyzer/config.ts'
import { describedSections, describeHost } from '../../analyzer/describe.ts'
import type { DeviceKnowledge } from '../../dashboard/device-queries.ts'
import type { DeviceStore, HostSectionRow } from '../../store/state-store.ts'

/** What a dashboard knows where nothing is declared. */
export function testKnowledge(): DeviceKnowledge {
  const { learning } = analyzerConfigSchema.parse({}).engine
  const describe = (rows: readonly HostSectionRow[]) => describeHost(rows, learning)
  return {
    describe: Object.assign(describe, { sections: describedSections }),
    declaredOf: () => ({
      name: null,
      deviceClass: 'unknown',
      roles: [],
      zone: null,
      isClinical: false,
    }),
  }
}

/** A store that knows no device and no sensor. */
export function createNoDevices(): DeviceStore {
  return {
    list: () => Promise.resolve({ total: 0, rows: [] }),
    get: () => Promise.resolve(null),
    namesOf: () => Promise.resolve(new Map()),
    sectionsOf: () => Promise.resolve([]),
    alertsOf: () => Promise.resolve([]),
    alertsNaming: () => Promise.resolve([]),
    noteSensors: () => Promise.resolve(),
    sensors: () => Promise.resolve([]),
  }
}
