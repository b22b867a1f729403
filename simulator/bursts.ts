import type { TimeUs } from '../records/time.ts'
import { asRequest, kdcError, kdcReply, overTcp } from './kerberos-messages.ts'
import { concat } from './bytes.ts'
import type { Opening } from './conversations.ts'
import { icmp, ipFrame, ipProtocol, type Packet, type Station, udpFrame } from './packets.ts'
import { createTcpTalk } from './tcp-talk.ts'
import {
  negotiateAnswer,
  negotiateRequest,
  ntlmAuthenticate,
  ntlmChallenge,
  ntlmNegotiate,
  sessionSetupAnswer,
  sessionSetupRequest,
  smb2Message,
} from './smb-messages.ts'

export interface LoginBurst {
  readonly client: Station
  readonly server: Station
  /** Attempts that the server refuses. */
  readonly failures: number
  readonly startUs: TimeUs
  /** Time from one attempt to the next; default 1 s. */
  readonly stepUs?: number
  /** One more attempt, which succeeds. */
  readonly endsWithSuccess?: boolean
}

const kerberosNames = { realm: 'WARD.EXAMPLE', account: 'nurse1' }
const kdcErrorCode = { preauthenticationFailed: 24, preauthenticationRequired: 25 } as const
const ntStatus = {
  success: 0,
  moreProcessingRequired: 0xc0000016,
  logonFailure: 0xc000006d,
} as const

/** Time and number of each attempt, and whether it succeeds. */
function* attempts(
  burst: LoginBurst,
): Generator<{ number: number; atUs: TimeUs; succeeds: boolean }> {
  const count = burst.failures + (burst.endsWithSuccess === true ? 1 : 0)
  for (let number = 0; number < count; number++) {
    const atUs = burst.startUs + number * (burst.stepUs ?? 1_000_000)
    yield { number, atUs, succeeds: number >= burst.failures }
  }
}

/**
 * One log-in at a Kerberos key distribution centre: an AS-REQ that is told to prove itself (KDC_ERR_PREAUTH_REQUIRED),
 * and one with a proof that is refused (KDC_ERR_PREAUTH_FAILED) or answered with a ticket.
 */
export function kerberosLogin(
  opening: Opening,
  number: number,
  succeeds: boolean,
  transport: 'udp' | 'tcp' = 'udp',
): Packet[] {
  const { client, server, clientPort, startUs } = opening
  // Whole seconds in the messages: the length of microseconds in DER depends on their value.
  const clockUs = Math.floor(startUs / 1e6) * 1e6
  const bare = asRequest(kerberosNames, clockUs, 7000 + number, false)
  const proven = asRequest(kerberosNames, clockUs, 7000 + number, true)
  const required = kdcError(kerberosNames, clockUs, kdcErrorCode.preauthenticationRequired)
  const verdict = succeeds
    ? kdcReply(kerberosNames, number)
    : kdcError(kerberosNames, clockUs, kdcErrorCode.preauthenticationFailed)
  if (transport === 'tcp') {
    const talk = createTcpTalk(
      { ...client, port: clientPort },
      { ...server, port: 88 },
      { startUs },
    )
    return talk
      .open()
      .send(overTcp(bare))
      .answer(overTcp(required))
      .send(overTcp(proven))
      .answer(overTcp(verdict))
      .close().packets
  }
  return [bare, required, proven, verdict].map((message, i) => {
    const bytes =
      i % 2 === 0
        ? udpFrame(client, server, clientPort, 88, message)
        : udpFrame(server, client, 88, clientPort, message)
    return { timeUs: startUs + i * 1000, bytes }
  })
}

/** One connection with one NTLM log-in at an SMB server, and what is read or written after a success. */
export function smbLogin(
  opening: Opening,
  number: number,
  succeeds: boolean,
  payloadBytes = 0,
): Packet[] {
  const { client, server, clientPort, startUs } = opening
  const authenticate = ntlmAuthenticate({ domain: 'WARD', account: 'nurse1', workstation: 'CART7' })
  const session = 0x4000 + number
  const challenge = ntlmChallenge(
    Uint8Array.from({ length: 8 }, (_, i) => (number * 17 + i * 29) & 0xff),
  )
  const status = succeeds ? ntStatus.success : ntStatus.logonFailure
  const talk = createTcpTalk({ ...client, port: clientPort }, { ...server, port: 445 }, { startUs })
  talk.open().send(negotiateRequest()).answer(negotiateAnswer(0x0302))
  talk.send(sessionSetupRequest(1, 0, ntlmNegotiate()))
  talk.answer(sessionSetupAnswer(1, session, ntStatus.moreProcessingRequired, { blob: challenge }))
  talk
    .send(sessionSetupRequest(2, session, authenticate))
    .answer(sessionSetupAnswer(2, session, status))
  if (payloadBytes > 0) {
    const read = { command: smb2Read, messageId: 3, sessionId: session }
    talk.send(smb2Message({ ...read, isAnswer: false }, new Uint8Array(49)))
    talk.answer(smb2Message({ ...read, isAnswer: true }, new Uint8Array(16 + payloadBytes)))
  }
  return talk.close().packets
}

const smb2Read = 8

/** Wrong passwords against a Kerberos key distribution centre. Packets in time order. */
export function kerberosBurst(
  burst: LoginBurst & { readonly transport?: 'udp' | 'tcp' },
): Packet[] {
  const packets: Packet[] = []
  for (const { number, atUs, succeeds } of attempts(burst)) {
    const { client, server } = burst
    const opening = { client, server, clientPort: 49_200 + (number % 10_000), startUs: atUs }
    packets.push(...kerberosLogin(opening, number, succeeds, burst.transport))
  }
  return inTimeOrder(packets)
}

/** Wrong passwords against an SMB server: each attempt is a connection with one NTLM login. Packets in time order. */
export function smbBurst(burst: LoginBurst): Packet[] {
  const packets: Packet[] = []
  for (const { number, atUs, succeeds } of attempts(burst)) {
    const { client, server } = burst
    const opening = { client, server, clientPort: 50_200 + (number % 10_000), startUs: atUs }
    packets.push(...smbLogin(opening, number, succeeds))
  }
  return inTimeOrder(packets)
}

/** Attempts may overlap when they follow each other closely. */
function inTimeOrder(packets: Packet[]): Packet[] {
  return packets.sort((a, b) => a.timeUs - b.timeUs)
}

/** Echo requests to one target after another (RFC 792); the first `answering` of them answer. */
export function icmpSweep(sweep: {
  readonly scanner: Station
  readonly targets: readonly Station[]
  readonly startUs: TimeUs
  /** Time from one request to the next; default 50 ms. */
  readonly stepUs?: number
  readonly answering?: number
}): Packet[] {
  const packets: Packet[] = []
  sweep.targets.forEach((target, i) => {
    const timeUs = sweep.startUs + i * (sweep.stepUs ?? 50_000)
    const echo = concat(
      Uint8Array.of(0x12, 0x34, (i >> 8) & 0xff, i & 0xff),
      new Uint8Array(32).fill(0x61),
    )
    const request = icmp(8, 0, echo)
    packets.push({ timeUs, bytes: ipFrame(sweep.scanner, target, ipProtocol.icmp, request) })
    if (i < (sweep.answering ?? 0)) {
      const reply = icmp(0, 0, echo)
      packets.push({
        timeUs: timeUs + 500,
        bytes: ipFrame(target, sweep.scanner, ipProtocol.icmp, reply),
      })
    }
  })
  return inTimeOrder(packets)
}
