import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { isLoopback } from './address.ts'

const proxySchema = z.string().refine((text) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text), {
  error: 'must be an address or a network such as 10.0.0.0/24',
})

const sessionSchema = z.strictObject({
  idleMinutes: z
    .number()
    .min(1)
    .default(15)
    .describe('a session ends after this long without a key, a click or a call'),
  absoluteHours: z
    .number()
    .positive()
    .default(12)
    .describe('a session ends this long after log-in, whatever happens'),
})

const limitsSchema = z.strictObject({
  logInTriesPerMinute: z
    .number()
    .int()
    .min(1)
    .default(10)
    .describe('tries of one name from one address; beyond, the wait doubles up to 15 minutes'),
  logInTriesPerAddress: z
    .number()
    .int()
    .min(1)
    .default(30)
    .describe('tries from one address in a minute, whatever the names'),
  logInTriesPerName: z
    .number()
    .int()
    .min(1)
    .default(100)
    .describe(
      'failed tries of one name in 15 minutes from anywhere; then only addresses it has logged in from are let in',
    ),
  callsPerMinute: z
    .number()
    .int()
    .min(1)
    .default(600)
    .describe('calls of the API in one session; from one address without a session a fifth of it'),
})

/** Settings of the dashboard. */
export const dashboardConfigSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('address to listen on; beyond loopback only with `tls` or behind `trustedProxies`'),
    port: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(8080)
      .describe('TCP port to listen on; 0 takes a free one'),
    publicUrl: z
      .url({ protocol: /^https$/, error: 'must be an https:// address' })
      .nullable()
      .default(null)
      .describe(
        'address that people type, `https://…`; needed beyond loopback and behind a proxy. Other host names are refused',
      ),
    tls: z
      .strictObject({
        certificateFile: z.string().min(1).describe('PEM file of the certificate and its chain'),
        keyFile: z.string().min(1).describe('PEM file of the private key'),
      })
      .nullable()
      .default(null)
      .describe('serve HTTPS, TLS 1.2 or newer; the files are read again when they change'),
    trustedProxies: z
      .array(proxySchema)
      .default([])
      .describe(
        'addresses of reverse proxies that end TLS; they must set X-Forwarded-Proto and X-Forwarded-For',
      ),
    session: sessionSchema.describe('how long people stay logged in').prefault({}),
    setUpLinkMinutes: z
      .number()
      .positive()
      .default(60)
      .describe('how long the link that makes the first administrator is good for'),
    limits: limitsSchema.describe('how much one caller may ask').prefault({}),
    group: z
      .string()
      .min(1)
      .default('dashboard')
      .describe('consumer group for wake-ups: each dashboard process needs one of its own'),
    clientsMax: z
      .number()
      .int()
      .min(1)
      .default(200)
      .describe('live connections at a time; more are refused with 503'),
    snapshotRows: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(500)
      .describe('newest alerts a page starts with'),
  })
  .superRefine(({ host, publicUrl, tls, trustedProxies }, context) => {
    const fault = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (!isLoopback(host) && tls === null && trustedProxies.length === 0) {
      fault(
        'host',
        'passwords would cross the network in the clear: set dashboard.tls, or dashboard.trustedProxies, or listen on 127.0.0.1',
      )
    }
    if (publicUrl === null && (!isLoopback(host) || trustedProxies.length > 0)) {
      fault('publicUrl', 'is needed here: the https:// address that people type')
    }
    if (publicUrl !== null && tls === null && trustedProxies.length === 0) {
      fault('publicUrl', 'is https, but neither dashboard.tls nor dashboard.trustedProxies is set')
    }
  })

export type DashboardConfig = z.infer<typeof dashboardConfigSchema>

/** Where people reach the dashboard. @param port the one it listens on */
export function dashboardUrl(
  { publicUrl, host, tls }: Pick<DashboardConfig, 'publicUrl' | 'host' | 'tls'>,
  port: number,
): string {
  if (publicUrl !== null) return new URL(publicUrl).origin
  return `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
