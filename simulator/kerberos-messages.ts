import type { TimeUs } from '../records/time.ts'
import { ascii, concat } from './bytes.ts'

// Kerberos V5 messages as RFC 4120 §5.4 and §5.9 define them, in DER (X.690).

/** One DER element: identifier, length in its shortest form, value. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const value = concat(...parts)
  const length = value.length
  if (length < 0x80) return concat(Uint8Array.of(tag, length), value)
  if (length < 0x100) return concat(Uint8Array.of(tag, 0x81, length), value)
  return concat(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), value)
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const field = (number: number, ...parts: readonly Uint8Array[]) => der(0xa0 + number, ...parts)
const generalString = (text: string) => der(0x1b, ascii(text))
const octets = (value: Uint8Array) => der(0x04, value)

function integer(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.unshift(rest & 0xff)
    rest = Math.floor(rest / 256)
  } while (rest > 0)
  if (bytes[0]! >= 0x80) bytes.unshift(0)
  return der(0x02, Uint8Array.from(bytes))
}

/** GeneralizedTime without a fraction (RFC 4120 §5.2.3). */
function kerberosTime(timeUs: TimeUs): Uint8Array {
  const text = new Date(Math.floor(timeUs / 1000)).toISOString()
  return der(0x18, ascii(`${text.slice(0, 19).replace(/[-:T]/g, '')}Z`))
}

/** PrincipalName; name type 1 is a user, 2 a service. */
function principal(nameType: number, ...components: readonly string[]): Uint8Array {
  return sequence(field(0, integer(nameType)), field(1, sequence(...components.map(generalString))))
}

/** EncryptedData of type 18 (AES-256) with bytes that only look encrypted. */
function encrypted(length: number, seed: number): Uint8Array {
  const cipher = Uint8Array.from(
    { length },
    (_, i) => (seed * 31 + i * 167 + ((i * i) >> 3)) & 0xff,
  )
  return sequence(field(0, integer(18)), field(2, octets(cipher)))
}

export interface KerberosNames {
  readonly realm: string
  /** The account that asks. */
  readonly account: string
}

/** AS-REQ for a ticket-granting ticket, with an encrypted time stamp (PA-ENC-TIMESTAMP, type 2) when `hasProof`. */
export function asRequest(
  names: KerberosNames,
  timeUs: TimeUs,
  nonce: number,
  hasProof: boolean,
): Uint8Array {
  const proof = sequence(field(1, integer(2)), field(2, octets(encrypted(56, nonce))))
  const body = sequence(
    field(0, der(0x03, Uint8Array.of(0, 0x40, 0x81, 0, 0x10))),
    field(1, principal(1, names.account)),
    field(2, generalString(names.realm)),
    field(3, principal(2, 'krbtgt', names.realm)),
    field(5, kerberosTime(timeUs + 36_000_000_000)),
    field(7, integer(nonce)),
    field(8, sequence(integer(18), integer(17))),
  )
  const padata = hasProof ? [field(3, sequence(proof))] : []
  return der(0x6a, sequence(field(1, integer(5)), field(2, integer(10)), ...padata, field(4, body)))
}

function ticket(realm: string, service: readonly string[], seed: number): Uint8Array {
  return der(
    0x61,
    sequence(
      field(0, integer(5)),
      field(1, generalString(realm)),
      field(2, principal(2, ...service)),
      field(3, encrypted(180, seed)),
    ),
  )
}

/** AS-REP (`service` absent) or TGS-REP with a ticket for `service`. */
export function kdcReply(
  names: KerberosNames,
  seed: number,
  service?: readonly string[],
): Uint8Array {
  const isAs = service === undefined
  return der(
    isAs ? 0x6b : 0x6d,
    sequence(
      field(0, integer(5)),
      field(1, integer(isAs ? 11 : 13)),
      field(3, generalString(names.realm)),
      field(4, principal(1, names.account)),
      field(5, ticket(names.realm, service ?? ['krbtgt', names.realm], seed)),
      field(6, encrypted(120, seed + 1)),
    ),
  )
}

/** TGS-REQ for `service`; its proof is cut to what a passive reader sees of it. */
export function tgsRequest(
  names: KerberosNames,
  timeUs: TimeUs,
  nonce: number,
  service: readonly string[],
): Uint8Array {
  const body = sequence(
    field(0, der(0x03, Uint8Array.of(0, 0x40, 0x81, 0, 0))),
    field(2, generalString(names.realm)),
    field(3, principal(2, ...service)),
    field(5, kerberosTime(timeUs + 36_000_000_000)),
    field(7, integer(nonce)),
    field(8, sequence(integer(18))),
  )
  return der(0x6c, sequence(field(1, integer(5)), field(2, integer(12)), field(4, body)))
}

/** KRB-ERROR with a code of RFC 4120 §7.5.9. */
export function kdcError(names: KerberosNames, timeUs: TimeUs, code: number): Uint8Array {
  return der(
    0x7e,
    sequence(
      field(0, integer(5)),
      field(1, integer(30)),
      field(4, kerberosTime(timeUs)),
      field(5, integer(timeUs % 1_000_000)),
      field(6, integer(code)),
      field(7, generalString(names.realm)),
      field(8, principal(1, names.account)),
      field(9, generalString(names.realm)),
      field(10, principal(2, 'krbtgt', names.realm)),
    ),
  )
}

/** As it goes over TCP: behind its length in four bytes (RFC 4120 §7.2.2). */
export function overTcp(message: Uint8Array): Uint8Array {
  const { length } = message
  return concat(
    Uint8Array.of(0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff),
    message,
  )
}
