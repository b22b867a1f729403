import ipaddr from 'ipaddr.js'

/** Whether only this machine reaches what listens on `host`. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const address = parsed(host)
  return address !== null && address.range() === 'loopback'
}

/** Tells whether an address is one of `networks` (addresses and CIDR networks, checked by the configuration). */
export function createAddressSet(networks: readonly string[]): (address: string) => boolean {
  const ranges = networks.map((text) =>
    ipaddr.isValidCIDR(text)
      ? ipaddr.parseCIDR(text)
      : ([ipaddr.parse(text), text.includes(':') ? 128 : 32] as const),
  )
  return (text) => {
    const address = parsed(text)
    if (address === null) return false
    return ranges.some(([network, bits]) => {
      // An IPv6 address is never in an IPv4 network; one that embeds an IPv4 address has been unwrapped above.
      if (address.kind() !== network.kind()) return false
      return address.match([network, bits] as [ipaddr.IPv6, number])
    })
  }
}

/**
 * The caller's own address: the rightmost of X-Forwarded-For that is no trusted proxy. Further left stands what the
 * caller may have written itself.
 */
export function callerAddressOf(
  remote: string | undefined,
  forwardedFor: string | undefined,
  isProxy: (address: string) => boolean,
): string {
  const hops = [...(forwardedFor ?? '').split(',').map((hop) => hop.trim()), remote ?? '']
  for (const hop of hops.toReversed()) {
    const address = parsed(hop)
    if (address === null) break
    if (!isProxy(address.toString())) return address.toString()
  }
  return parsed(remote ?? '')?.toString() ?? 'unknown'
}

/** Who is counted together by limits: an IPv4 address, or an IPv6 /64, which is one customer's. */
export function limitGroupOf(address: string): string {
  const one = parsed(address)
  if (one === null || one.kind() === 'ipv4') return address
  return `${one.toByteArray().slice(0, 8).join('.')}/64`
}

/** An IPv4 address inside an IPv6 one (::ffff:10.0.0.1) is that IPv4 address. */
function parsed(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null
}
