import { createAddressSet, isLoopback } from './address.ts'

/** What the guard must know of the configuration. */
export interface GuardConfig {
  readonly host: string
  readonly publicUrl: string | null
  readonly tls: object | null
  readonly trustedProxies: readonly string[]
}

/** Headers and address of a request, as they came. */
export interface Approach {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  /** Sec-Fetch-Site, which browsers set and no page can. */
  readonly site: string | undefined
  readonly remote: string | undefined
  readonly forwardedProto: string | undefined
}

export interface Guard {
  /** Why the request is not served at all, or null: another host name, or no encryption where it is needed. */
  refusesHost(approach: Approach): string | null
  /** Why a call of the API is not let in, or null: it comes from a page that is not ours. */
  refusesCall(approach: Approach): string | null
  /** Why a WebSocket handshake is not let in, or null. A handshake without an origin is refused too. */
  refusesSocket(approach: Approach): string | null
  /** Whether the request came under the public, encrypted address: the one to send HSTS for. */
  isPublic(host: string | undefined): boolean
}

/**
 * Decides by host, origin and transport, before anything else. A page whose name was made to resolve to our address (DNS
 * rebinding) still sends its own name as Host (RFC 9110 §7.2). Browsers let any page open a socket or post a form
 * anywhere and only tell its origin (RFC 6455 §10.2, RFC 6454 §7); SameSite does not help between ports of one machine.
 * @param port the port it listens on, known once it does
 */
export function createGuard(config: GuardConfig, port: () => number): Guard {
  const { publicUrl, tls, trustedProxies } = config
  const isProxy = createAddressSet(trustedProxies)
  const open = publicUrl === null ? null : new URL(publicUrl)
  const scheme = tls === null ? 'http' : 'https'
  const localNames = ['127.0.0.1', 'localhost', '[::1]']

  /** Direct, on this machine: where nobody listens to the wire, or under TLS. */
  function isLocal(host: string | undefined): boolean {
    if (!isLoopback(config.host) && tls === null) return false
    return localNames.some((name) => host === `${name}:${port()}`)
  }

  function isPublic(host: string | undefined): boolean {
    return open !== null && host === open.host
  }

  function originOf(approach: Approach): string {
    return isPublic(approach.host) ? open!.origin : `${scheme}://${approach.host}`
  }

  return {
    isPublic,
    refusesHost(approach) {
      const { host, remote, forwardedProto } = approach
      if (!isPublic(approach.host))
        return isLocal(host) ? null : 'this host name is not served here'
      if (tls !== null) return null
      if (!isProxy(remote ?? '')) return 'come through the proxy'
      return forwardedProto === 'https' ? null : 'the proxy must be reached by https'
    },
    refusesCall(approach) {
      const { method, origin, site } = approach
      if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'another site'
      if (origin !== undefined && origin !== originOf(approach)) return 'another origin'
      const changes = method !== 'GET' && method !== 'HEAD'
      if (changes && origin === undefined) return 'the Origin header is missing'
      // `none` is an address typed by a person: that only ever reads.
      if (changes && site === 'none') return 'another site'
      return null
    },
    refusesSocket(approach) {
      return approach.origin === originOf(approach) ? null : 'another origin'
    },
  }
}
