import type { IncomingMessage } from 'node:http'
import { callerAddressOf, createAddressSet } from '../address.ts'
import type { Approach } from '../guard.ts'

/** What the checks look at, and the caller's own address. */
export interface RequestFacts extends Approach {
  readonly from: string
}

/** Reads the header fields of a request that decide whether it is let in; forwarded ones of trusted proxies only. */
export function createFactsReader(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => RequestFacts {
  const isProxy = createAddressSet(trustedProxies)
  return ({ method, headers, socket }) => {
    const remote = socket.remoteAddress
    const one = (name: string) => [headers[name]].flat()[0]
    return {
      method: method ?? 'GET',
      host: headers.host,
      origin: headers.origin,
      site: one('sec-fetch-site'),
      remote,
      forwardedProto: one('x-forwarded-proto'),
      from: callerAddressOf(remote, one('x-forwarded-for'), isProxy),
    }
  }
}
