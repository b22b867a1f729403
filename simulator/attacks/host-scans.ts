import { addressQuestion, ping, probeFlags, tcpProbe } from '../exchanges/network.ts'
import type { Exchange } from '../exchange.ts'
import { emptyAddress, type Member } from '../hospital.ts'
import { type Attack, inTurn, labelOf, openingOf, repeated, type Scene } from './attack.ts'

/** Somebody looks around for hosts. */
export const hostScans: readonly Attack[] = [
  sweep('web', (scene, offender) => ports(scene, offender, 80)),
  sweep('smb', (scene, offender) => ports(scene, offender, 445)),
  sweep('ping', (scene, offender) =>
    overMembers(scene, offender, (victim, startUs) =>
      ping(openingOf(scene, offender, victim, startUs), true),
    ),
  ),
  sweep('arp', (scene, offender) =>
    repeated(scene, 60, 0.2, (startUs, i) => {
      const target = emptyAddress(offender.ward, 2 + i)
      const question = { client: offender, server: target, clientPort: 0, startUs }
      return addressQuestion(question, false)
    }),
  ),
]

function sweep(variant: string, look: (scene: Scene, offender: Member) => Exchange[]): Attack {
  return {
    behaviour: 'host-scan',
    variant,
    plan(scene) {
      const offender = inTurn(scene.cast.of('nurse-pc'), scene.number)
      const exchanges = look(scene, offender)
      const parties = { offender, victim: null }
      return { exchanges, labels: [labelOf('host-scan', variant, parties, exchanges)] }
    },
  }
}

/** Medical devices and printers have none of these services: they refuse. */
function ports(scene: Scene, offender: Member, port: number): Exchange[] {
  return overMembers(scene, offender, (victim, startUs) => {
    const at = openingOf(scene, offender, victim, startUs)
    return tcpProbe(at, port, probeFlags.syn, 'refusal')
  })
}

function overMembers(
  scene: Scene,
  offender: Member,
  probe: (victim: Member, startUs: number) => Exchange,
): Exchange[] {
  const kinds: readonly string[] = ['printer', 'pump', 'monitor', 'modality', 'analyser']
  const targets = scene.cast.members.filter((one) => kinds.includes(one.kind) && one !== offender)
  const count = Math.min(targets.length, 24)
  return repeated(scene, count, 0.5, (startUs, i) => probe(targets[i]!, startUs))
}
