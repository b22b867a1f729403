import { createTransport } from 'nodemailer'
import { mailOf } from '../mail.ts'
import type { Notification, Notifier, Outcome } from '../notifier.ts'
import { faultOf } from './http-post.ts'

export interface SmtpOptions {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly security: 'starttls' | 'tls' | 'none'
  readonly user: string | null
  readonly password: string | null
  readonly from: string
  readonly to: readonly string[]
  readonly timeoutSeconds: number
  /** Certificates to trust beside the system's, PEM; for a mail server of one's own. */
  readonly ca?: string
}

/**
 * Mails through a server that relays for us (RFC 5321). An answer of 4xx, and no answer, may be another one later; 5xx is
 * for good. One connection a mail: there are few, and an idle connection would break unseen.
 */
export function createSmtp(options: SmtpOptions): Notifier {
  const { from, to } = options
  const domain = from.slice(from.lastIndexOf('@') + 1)

  /** A transport of its own for each mail: whatever a mail leaves behind goes with its connection. */
  async function deliver(notification: Notification, signal: AbortSignal): Promise<Outcome> {
    const mail = mailOf(notification, domain)
    try {
      const { rejectedErrors = [] } = await createTransport(transportOptions(options)).sendMail({
        from,
        to: [...to],
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${mail.messageId}>`,
        ...(mail.inReplyTo === null
          ? {}
          : { inReplyTo: `<${mail.inReplyTo}>`, references: `<${mail.inReplyTo}>` }),
        list: { id: { url: `alerts.wardwatch.${domain}`, comment: 'Wardwatch alerts' } },
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      })
      return outcomeOf(rejectedErrors)
    } catch (error) {
      return signal.aborted ? { result: 'retry', reason: 'no answer in time' } : faultOutcome(error)
    }
  }

  return { send: deliver, close: () => Promise.resolve() }
}

function transportOptions(options: SmtpOptions) {
  const { host, port, security, user, password, timeoutSeconds, ca } = options
  const timeoutMs = timeoutSeconds * 1000
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    logger: false,
    debug: false,
  } as const
}

/** Some addresses were taken. One that may be taken later is asked again, and the others see the same Message-ID twice. */
function outcomeOf(rejected: readonly unknown[]): Outcome {
  const codes = rejected.map(codeOf)
  const later = codes.find((code) => code !== null && code < 500)
  return later === undefined || later === null
    ? { result: 'delivered' }
    : { result: 'retry', reason: `SMTP ${later} for one of the addresses` }
}

function faultOutcome(error: unknown): Outcome {
  const code = codeOf(error)
  if (code === null) return { result: 'retry', reason: faultOf(error) }
  return code >= 500
    ? { result: 'refused', reason: `SMTP ${code}` }
    : { result: 'retry', reason: `SMTP ${code}` }
}

/** The server's reply code; its text is its own, and may repeat what we sent. */
function codeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('responseCode' in error)) return null
  return typeof error.responseCode === 'number' ? error.responseCode : null
}
