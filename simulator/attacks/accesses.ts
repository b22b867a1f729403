import { secondUs } from '../../records/time.ts'
import type { Opening } from '../conversations.ts'
import { hl7Senders, titleOf } from '../declared.ts'
import type { Exchange } from '../exchange.ts'
import { dicomTransfer, hl7Session } from '../exchanges/medical.ts'
import { sshConnection, telnetConnection, tlsFetch } from '../exchanges/office.ts'
import type { Cast } from '../hospital.ts'
import { routerMac } from '../hospital.ts'
import type { Station } from '../packets.ts'
import { type Attack, inTurn, labelOf, openingOf, type Scene } from './attack.ts'

/** Somebody reaches what they may not reach. */
export const accesses: readonly Attack[] = [
  access('dicom-unknown-title', 'PACS is asked under a title nobody has', {
    victim: ({ cast }) => cast.servers.pacs,
    reach: (at) => dicomTransfer(at, { calling: 'ECHOSCU', called: titleOf('PACS-1') }, 20_000),
  }),
  access('dicom-stolen-title', 'PACS is asked under the title of a modality', {
    victim: ({ cast }) => cast.servers.pacs,
    reach: (at, { cast }) => {
      const [modality] = cast.of('modality')
      const calling = titleOf(modality?.name ?? 'CT-1')
      return dicomTransfer(at, { calling, called: titleOf('PACS-1') }, 40_000)
    },
  }),
  access('hl7-unknown-sender', 'results are sent by nobody the engine knows', {
    victim: ({ cast }) => cast.servers['interface-engine'],
    reach: (at) => hl7Session(at, { application: 'LABTEST', facility: 'NOWHERE' }, 3, 2 * secondUs),
  }),
  access('hl7-stolen-sender', 'results are sent in the name of an analyser', {
    victim: ({ cast }) => cast.servers['laboratory-system'],
    reach: (at, { cast }) => {
      const sender = hl7Senders(cast).find(({ member }) => member.kind === 'analyser')
      const { application, facility } = sender ?? { application: 'ANALYSER1', facility: 'LAB' }
      return hl7Session(at, { application, facility }, 3, 2 * secondUs)
    },
  }),
  access('telnet-default', 'the default password of a service manual', {
    victim: ({ cast, number }) => inTurn(cast.of('analyser'), number),
    reach: (at) => telnetConnection(at, 0, true),
  }),
  access('ssh', 'a shell on a patient monitor', {
    victim: ({ cast, number }) => inTurn(cast.of('monitor'), number),
    reach: (at) => sshConnection(at, 9_000),
  }),
  access('internet', 'somebody outside reaches a pump', {
    offender: () => ({ ip: '198.51.100.77', mac: routerMac }),
    victim: ({ cast, number }) => inTurn(cast.of('pump'), number),
    reach: (at) => tlsFetch(at, 'pump', 900),
  }),
]

interface Parts {
  readonly offender?: (cast: Cast) => Station
  readonly victim: (scene: Scene) => Station
  readonly reach: (at: Opening, scene: Scene) => Exchange
}

/** @param _what is going on, for whoever reads this file. */
function access(variant: string, _what: string, parts: Parts): Attack {
  return {
    behaviour: 'unauthorized-access',
    variant,
    plan(scene) {
      const { cast, number, startUs } = scene
      const offender = parts.offender?.(cast) ?? inTurn(cast.of('nurse-pc'), number)
      const victim = parts.victim(scene)
      const exchanges = [parts.reach(openingOf(scene, offender, victim, startUs), scene)]
      const parties = { offender, victim }
      return { exchanges, labels: [labelOf('unauthorized-access', variant, parties, exchanges)] }
    },
  }
}
