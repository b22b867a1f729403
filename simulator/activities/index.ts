import { type Exchange, mergeExchanges } from '../exchange.ts'
import type { Cast, Kind } from '../hospital.ts'
import { createClientPorts } from '../ports.ts'
import { createRandom, hashOf } from '../random.ts'
import type { Period } from '../schedule.ts'
import { homeMonitor, phone } from './guest.ts'
import { quiet, server } from './house.ts'
import { analyser } from './lab.ts'
import { modality } from './modality.ts'
import { monitor } from './monitor.ts'
import { nursePc } from './nurse-pc.ts'
import { pump } from './pump.ts'
import { remoteService } from './remote-service.ts'
import type { Activity } from './stage.ts'

const activities: Record<Kind, Activity> = {
  pump,
  monitor,
  'central-station': quiet,
  modality,
  analyser,
  'nurse-pc': nursePc,
  printer: quiet,
  'home-monitor': homeMonitor,
  phone,
  server,
  'vendor-gateway': remoteService,
}

/** What all devices of a hospital do in a period, in the order of time. The seed decides when and how much. */
export function usualTraffic(cast: Cast, period: Period, seed: number): Generator<Exchange> {
  const random = createRandom(seed)
  return mergeExchanges(
    cast.members.map((member) => {
      const own = random.fork(member.name)
      // The first port differs between runs: a flow of the last run may still be open in the next.
      const ports = createClientPorts(hashOf(`${member.name} ${seed} ${period.fromUs}`))
      return activities[member.kind](member, { cast, period, random: own, ports })
    }),
  )
}
