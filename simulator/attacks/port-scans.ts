import { probeFlags, tcpProbe, udpProbe } from '../exchanges/network.ts'
import { type Attack, inTurn, labelOf, openingOf, repeated, type Scene } from './attack.ts'

const tcpPorts = [21, 23, 25, 80, 111, 135, 139, 443, 445, 502, 1433, 2049, 3306, 5432, 8080, 8443]
const udpPorts = [
  17, 19, 49, 177, 407, 593, 631, 999, 1025, 1030, 3283, 5632, 9200, 17185, 27015, 33434,
]

/** A ward's PC whose user has been deceived tries the ports of a device. */
export const portScans: readonly Attack[] = [
  scan('syn', (scene) => probes(scene, 'pump', probeFlags.syn, 'refusal')),
  scan('syn-filtered', (scene) => probes(scene, 'printer', probeFlags.syn, 'silence')),
  scan('fin', (scene) => probes(scene, 'monitor', probeFlags.fin, 'silence')),
  scan('null', (scene) => probes(scene, 'analyser', probeFlags.null, 'silence')),
  scan('xmas', (scene) => probes(scene, 'modality', probeFlags.xmas, 'silence')),
  scan('udp', (scene) => {
    const { offender, victim } = partiesOf(scene, 'modality')
    const exchanges = repeated(scene, udpPorts.length + 4, 0.4, (startUs, i) =>
      udpProbe(openingOf(scene, offender, victim, startUs), udpPorts[i] ?? 10_000 + i),
    )
    return { offender, victim, exchanges }
  }),
]

type Parts = ReturnType<typeof probes>

function scan(variant: string, parts: (scene: Scene) => Parts): Attack {
  return {
    behaviour: 'port-scan',
    variant,
    plan(scene) {
      const { exchanges, ...parties } = parts(scene)
      return { exchanges, labels: [labelOf('port-scan', variant, parties, exchanges)] }
    },
  }
}

function probes(
  scene: Scene,
  kind: 'pump' | 'printer' | 'monitor' | 'analyser' | 'modality',
  flags: number,
  answer: 'refusal' | 'silence',
) {
  const { offender, victim } = partiesOf(scene, kind)
  const exchanges = repeated(scene, tcpPorts.length, 0.3, (startUs, i) =>
    tcpProbe(openingOf(scene, offender, victim, startUs), tcpPorts[i]!, flags, answer),
  )
  return { offender, victim, exchanges }
}

function partiesOf({ cast, number }: Scene, kind: Parameters<Scene['cast']['of']>[0]) {
  const offender = inTurn(cast.of('nurse-pc'), number)
  return { offender, victim: inTurn(cast.of(kind), number) }
}
