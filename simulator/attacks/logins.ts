import { secondUs } from '../../records/time.ts'
import { titleOf } from '../declared.ts'
import type { Exchange } from '../exchange.ts'
import { dicomRefused } from '../exchanges/medical.ts'
import {
  ftpConnection,
  httpLogin,
  kerberosAttempt,
  smbAttempt,
  sshConnection,
  telnetConnection,
} from '../exchanges/office.ts'
import type { Kind, Member } from '../hospital.ts'
import type { Opening } from '../conversations.ts'
import { type Attack, inTurn, labelOf, openingOf, repeated, type Scene } from './attack.ts'

/** How one service is guessed at: refused attempts on connections of their own, and one that is let in. */
interface Service {
  readonly victim: Kind | 'domain-controller'
  readonly refused: (at: Opening, index: number) => Exchange
  readonly accepted: (at: Opening) => Exchange
  /** Connections, each with this many refusals; more than a server may forget before it is a burst. */
  readonly connections: number
  readonly refusals: number
  readonly stepSeconds: number
}

const services: Readonly<Record<string, Service>> = {
  ssh: {
    victim: 'modality',
    refused: (at) => sshConnection(at, 600),
    accepted: (at) => sshConnection(at, 9_000),
    connections: 14,
    refusals: 1,
    stepSeconds: 2,
  },
  telnet: {
    victim: 'analyser',
    refused: (at) => telnetConnection(at, 3, false),
    accepted: (at) => telnetConnection(at, 1, true),
    connections: 5,
    refusals: 3,
    stepSeconds: 3,
  },
  ftp: {
    victim: 'modality',
    refused: (at) => ftpConnection(at, 3, false),
    accepted: (at) => ftpConnection(at, 0, true),
    connections: 5,
    refusals: 3,
    stepSeconds: 2,
  },
  http: {
    victim: 'printer',
    refused: (at) => httpLogin(at, 'printer.hospital.example', false),
    accepted: (at) => httpLogin(at, 'printer.hospital.example', true),
    connections: 16,
    refusals: 1,
    stepSeconds: 1,
  },
  smb: {
    victim: 'domain-controller',
    refused: (at) => smbAttempt(at, false),
    accepted: (at) => smbAttempt(at, true, 4_000),
    connections: 40,
    refusals: 1,
    stepSeconds: 0.7,
  },
  kerberos: {
    victim: 'domain-controller',
    refused: (at, index) => kerberosAttempt(at, false, index % 2 === 0 ? 'udp' : 'tcp'),
    accepted: (at) => kerberosAttempt(at, true, 'udp'),
    connections: 40,
    refusals: 1,
    stepSeconds: 0.7,
  },
}

/** Passwords are guessed. */
export const loginBursts: readonly Attack[] = [
  ...Object.keys(services).map((name) => burst(name, false)),
  {
    behaviour: 'login-burst',
    variant: 'dicom',
    plan(scene) {
      const parties = partiesOf(scene, 'pacs')
      const exchanges = repeated(scene, 36, 0.5, (startUs, i) => {
        const at = openingOf(scene, parties.offender, parties.victim, startUs)
        return dicomRefused(at, { calling: `GUESS${i % 12}`, called: titleOf('PACS-1') })
      })
      return {
        exchanges,
        labels: [
          labelOf('login-burst', 'dicom', parties, exchanges),
          labelOf('unauthorized-access', 'dicom-guessing', parties, exchanges),
        ],
      }
    },
  },
]

/** Passwords are guessed until one is right. */
export const loginsAfterBursts: readonly Attack[] = Object.keys(services).map((name) =>
  burst(name, true),
)

function burst(name: string, endsWithSuccess: boolean): Attack {
  const service = services[name]!
  const behaviour = endsWithSuccess ? 'login-after-burst' : 'login-burst'
  return {
    behaviour,
    variant: name,
    plan(scene) {
      const parties = partiesOf(scene, service.victim)
      const at = (startUs: number) => openingOf(scene, parties.offender, parties.victim, startUs)
      const exchanges = repeated(scene, service.connections, service.stepSeconds, (startUs, i) =>
        service.refused(at(startUs), i),
      )
      const labels = [labelOf('login-burst', name, parties, exchanges)]
      if (endsWithSuccess) {
        const last = exchanges.at(-1)!.startUs + service.stepSeconds * secondUs
        exchanges.push(service.accepted(at(last)))
        labels.push(labelOf('login-after-burst', name, parties, exchanges))
      }
      return { exchanges, labels }
    },
  }
}

function partiesOf(scene: Scene, victim: Kind | 'domain-controller' | 'pacs') {
  const { cast, number } = scene
  const offender = inTurn(cast.of('nurse-pc'), number)
  const isServer = victim === 'domain-controller' || victim === 'pacs'
  const target: Member = isServer ? cast.servers[victim] : inTurn(cast.of(victim), number)
  return { offender, victim: target }
}
