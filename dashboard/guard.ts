/**
 * Whether a request names this server as its host. A page of another site whose name was made to resolve to 127.0.0.1
 * (DNS rebinding) still sends its own name here.
 * @param host the Host header, RFC 9110 §7.2
 */
export function isAllowedHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`
}

/**
 * Whether a WebSocket handshake comes from our own page (RFC 6455 §10.2): browsers let any page open a socket anywhere
 * and only tell its origin. A handshake without an origin is refused too.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  port: number,
): boolean {
  return isAllowedHost(host, port) && origin === `http://${host}`
}
