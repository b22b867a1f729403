import { secondUs } from '../../records/time.ts'
import { filler, type Opening, talk } from '../conversations.ts'
import { exchange, type Exchange } from '../exchange.ts'
import { nameLookup, sshConnection, tlsUpload } from '../exchanges/office.ts'
import { type Member, routerMac } from '../hospital.ts'
import type { Station } from '../packets.ts'
import { type Attack, inTurn, labelOf, openingOf, repeated, type Scene } from './attack.ts'

/** A device talks to somebody it never talks to. */
export const destinations: readonly Attack[] = [
  outing('upload', 'monitor', outsider(50), (scene, self, whom) =>
    repeated(scene, 6, 8, (startUs) => upload(openingOf(scene, self, whom, startUs), 400_000)),
  ),
  outing('command-channel', 'modality', outsider(60), (scene, self, whom) =>
    repeated(scene, 8, 10, (startUs) => commands(openingOf(scene, self, whom, startUs))),
  ),
  outing('shell-out', 'analyser', outsider(70), (scene, self, whom) => [
    sshConnection(openingOf(scene, self, whom, scene.startUs), 60_000),
  ]),
  outing(
    'named',
    'pump',
    outsider(80),
    (scene, self, whom) => {
      const host = 'paste.exfiltration.example'
      const names = scene.cast.servers['name-server']
      const { startUs } = scene
      return [
        nameLookup(openingOf(scene, self, names, startUs), host, whom.ip),
        tlsUpload(openingOf(scene, self, whom, startUs + 0.02 * secondUs), host, 60_000),
      ]
    },
    false,
  ),
]

/** An address outside, a network of its own for each attack: a destination is new once. */
function outsider(network: number) {
  return ({ number }: Scene): Station => ({
    ip: `192.0.${network + (Math.floor(number / 200) % 10)}.${2 + (number % 200)}`,
    mac: routerMac,
  })
}

/** Words on a port of no service, both ways. */
function commands(at: Opening): Exchange {
  return exchange(
    at,
    'commands',
    (atUs) =>
      talk(atUs, 4444).open().send(filler(64)).answer(filler(220)).send(filler(900)).close()
        .packets,
  )
}

/** Much goes out, next to nothing comes in, and nothing tells a name. */
function upload(at: Opening, bytes: number): Exchange {
  return exchange(
    at,
    `upload ${bytes}`,
    (atUs) => talk(atUs, 8443).open().send(filler(bytes)).answer(filler(40)).close().packets,
  )
}

function outing(
  variant: string,
  kind: 'pump' | 'monitor' | 'modality' | 'analyser',
  whom: (scene: Scene) => Station,
  go: (scene: Scene, self: Member, whom: Station) => Exchange[],
  isNotified = true,
): Attack {
  return {
    behaviour: 'irregular-destination',
    variant,
    plan(scene) {
      const offender = inTurn(scene.cast.of(kind), scene.number)
      const victim = whom(scene)
      const exchanges = go(scene, offender, victim)
      const parties = { offender, victim }
      const label = labelOf('irregular-destination', variant, parties, exchanges, isNotified)
      return { exchanges, labels: [label] }
    },
  }
}
