import { secondUs } from '../../records/time.ts'
import { addressQuestion, leaseRenewal } from '../exchanges/network.ts'
import { tlsFetch } from '../exchanges/office.ts'
import { type Member, strangerIn } from '../hospital.ts'
import type { Exchange } from '../exchange.ts'
import { type Attack, labelOf, openingOf, type Scene } from './attack.ts'

/** A device nobody knows is plugged into the network of a ward. */
export const newcomers: readonly Attack[] = [
  newcomer('silent-laptop', (scene, self) => {
    const { cast, startUs } = scene
    const controller = cast.servers['domain-controller']
    return [
      addressQuestion({ client: self, server: controller, clientPort: 0, startUs }),
      tlsFetch(
        openingOf(scene, self, cast.servers['record-system'], startUs + secondUs),
        'records.hospital.example',
        4_000,
      ),
    ]
  }),
  newcomer('leased-laptop', (scene, self) => {
    const { cast, startUs } = scene
    const server = cast.servers['address-server']
    return [
      leaseRenewal({ client: self, server, clientPort: 68, startUs }, 'LAPTOP-7', 86_400),
      tlsFetch(
        openingOf(scene, self, cast.servers['record-system'], startUs + 2 * secondUs),
        'records.hospital.example',
        4_000,
      ),
    ]
  }),
]

function newcomer(variant: string, join: (scene: Scene, self: Member) => Exchange[]): Attack {
  return {
    behaviour: 'new-device',
    variant,
    plan(scene) {
      const wards = Math.max(...scene.cast.members.map(({ ward }) => ward))
      const offender = strangerIn(1 + (scene.number % wards), scene.number)
      const exchanges = join(scene, offender)
      const parties = { offender, victim: null }
      return { exchanges, labels: [labelOf('new-device', variant, parties, exchanges)] }
    },
  }
}
