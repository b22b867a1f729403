import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** Where browsers tell of what the policy stopped. */
export const policyReportPath = '/api/policy-reports'

/** Stands in the built page where the nonce of each answer goes (vite.config.ts). */
export const noncePlaceholder = '__NONCE__'

/** What is not part of the API and served by us: the header fields that are the same in every answer. */
const fixedHeaders = helmet({
  contentSecurityPolicy: false,
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
})

const yearSeconds = 365 * 24 * 3600

/**
 * Security headers of every answer. Scripts and styles run by the nonce of the page they came with and by nothing else:
 * a file of our own origin that an attacker had a hand in (an export, evidence) is no script. Trusted Types: no text
 * becomes markup in the page. HSTS under the public address only: it holds for all ports of a name, and `localhost` is
 * not ours alone.
 */
export function securityHeaders(isPublic: (host: string | undefined) => boolean): RequestHandler {
  return (request, response, next) => {
    const nonce = randomBytes(16).toString('base64')
    response.locals['nonce'] = nonce
    response.set('Content-Security-Policy', policyOf(nonce))
    response.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()')
    if (isPublic(request.headers.host)) {
      response.set('Strict-Transport-Security', `max-age=${yearSeconds}`)
    }
    fixedHeaders(request, response, next)
  }
}

function policyOf(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    `report-uri ${policyReportPath}`,
  ].join('; ')
}
