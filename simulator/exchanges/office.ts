import { kerberosLogin, smbLogin } from '../bursts.ts'
import { ascii, concat, u16, u32 } from '../bytes.ts'
import {
  dnsLookup,
  filler,
  type Opening,
  talk,
  telnetLogins,
  tlsSession,
} from '../conversations.ts'
import { sshSession } from '../ssh-conversations.ts'
import { exchange, type Exchange } from '../exchange.ts'

/** A name looked up by DNS. */
export function nameLookup(opening: Opening, name: string, address: string): Exchange {
  return exchange(opening, `dns ${name} ${address}`, (at) => dnsLookup(at, name, address))
}

/** A TLS session that fetches `bytes`. */
export function tlsFetch(opening: Opening, name: string, bytes: number): Exchange {
  return exchange(opening, `tls ${name} ${bytes}`, (at) => tlsSession(at, name, bytes))
}

/** A TLS session that sends `bytes` away. */
export function tlsUpload(opening: Opening, name: string, bytes: number): Exchange {
  return exchange(opening, `tls-upload ${name} ${bytes}`, (at) => tlsSession(at, name, 200, bytes))
}

/** One log-in over Kerberos at the domain controller. */
export function kerberosAttempt(
  opening: Opening,
  succeeds: boolean,
  transport: 'udp' | 'tcp',
): Exchange {
  const shape = `kerberos ${String(succeeds)} ${transport}`
  return exchange(opening, shape, (at) => kerberosLogin(at, 1, succeeds, transport))
}

/** One SMB connection with an NTLM log-in, and `payloadBytes` read after it. */
export function smbAttempt(opening: Opening, succeeds: boolean, payloadBytes = 0): Exchange {
  const shape = `smb ${String(succeeds)} ${payloadBytes}`
  return exchange(opening, shape, (at) => smbLogin(at, 1, succeeds, payloadBytes))
}

/** An SSH session of `bytes` after its keys are agreed: under 1,600 it looks like a refused log-in. */
export function sshConnection(opening: Opening, bytes: number): Exchange {
  return exchange(opening, `ssh ${bytes}`, (at) => sshSession(at, bytes))
}

/** A Telnet connection with refused log-ins and, if asked, one that is let in. */
export function telnetConnection(
  opening: Opening,
  failures: number,
  endsWithSuccess: boolean,
): Exchange {
  const shape = `telnet ${failures} ${String(endsWithSuccess)}`
  return exchange(opening, shape, (at) => telnetLogins(at, failures, endsWithSuccess))
}

/** An FTP control connection (RFC 959 §5.4): refused pairs of USER and PASS, then one accepted if asked. */
export function ftpConnection(
  opening: Opening,
  failures: number,
  endsWithSuccess: boolean,
): Exchange {
  return exchange(opening, `ftp ${failures} ${String(endsWithSuccess)}`, (at) => {
    const session = talk(at, 21, 15_000).open().answer('220 Archive FTP service ready\r\n')
    for (let i = 0; i < failures; i++) {
      session.send('USER service\r\n').answer('331 Password required\r\n')
      session.send(`PASS guess${i}\r\n`).answer('530 Login incorrect\r\n')
    }
    if (endsWithSuccess) {
      session.send('USER service\r\n').answer('331 Password required\r\n')
      session.send('PASS service\r\n').answer('230 Logged in\r\n')
    }
    return session.close().packets
  })
}

/** One HTTP request with Basic credentials (RFC 9110 §11), refused with 401 or answered. */
export function httpLogin(opening: Opening, host: string, succeeds: boolean): Exchange {
  return exchange(opening, `http-login ${host} ${String(succeeds)}`, (at) => {
    const request = `GET /config HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Mozilla/5.0\r\nAuthorization: Basic YWRtaW46MTIz\r\n\r\n`
    const answer = succeeds
      ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
      : 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="device"\r\nContent-Length: 0\r\n\r\n'
    return talk(at, 80).open().send(request).answer(answer).close().packets
  })
}

/** A page printed over IPP (RFC 8010 §3: version, operation, request id, attributes, data) on port 631. */
export function printJob(opening: Opening, printer: string, bytes: number): Exchange {
  return exchange(opening, `ipp ${printer} ${bytes}`, (at) => {
    const head = concat(Uint8Array.of(1, 1), u16(2), u32(1), Uint8Array.of(1, 3))
    const request = `POST /ipp/print HTTP/1.1\r\nHost: ${printer}\r\nContent-Type: application/ipp\r\nContent-Length: ${head.length + bytes}\r\n\r\n`
    const accepted = concat(Uint8Array.of(1, 1), u16(0), u32(1), Uint8Array.of(3))
    const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: ${accepted.length}\r\n\r\n`
    return talk(at, 631)
      .open()
      .send(concat(ascii(request), head, filler(bytes)))
      .answer(concat(ascii(answer), accepted))
      .close().packets
  })
}
