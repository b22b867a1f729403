import { parseCookie, stringifySetCookie } from 'cookie'

/** The session's cookie; the port keeps apart two servers of one machine, for browsers do not. */
export function cookieName(port: number): string {
  return `__Host-wardwatch-${port}`
}

/** Value of our cookie in a Cookie header, whatever else stands there. */
export function tokenIn(header: string | undefined, port: number): string | undefined {
  return header === undefined ? undefined : parseCookie(header)[cookieName(port)]
}

/**
 * Set-Cookie for a session, or for its end (null). `__Host-` (RFC 6265bis §4.1.3.2): Secure, Path=/, no Domain, so that no
 * other host can set or see it. Browsers take Secure from http://127.0.0.1 and http://localhost too (tried: Chromium).
 * No Expires: it goes with the browser; how long it is good is the server's matter.
 */
export function sessionCookie(token: string | null, port: number): string {
  return stringifySetCookie(cookieName(port), token ?? '', {
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'strict',
    ...(token === null ? { maxAge: 0 } : {}),
  })
}
