import type { Alert } from '../records/alert.ts'
import type { Notification } from './notifier.ts'

/** What a mail says, without who it goes to. */
export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Without the angle brackets. */
  readonly messageId: string
  /** The mail it belongs under; null for the first about an alert. */
  readonly inReplyTo: string | null
}

/** Characters of a subject: what a phone shows of one, and some. */
const subjectMax = 120

/**
 * A mail about an alert, to be understood on a phone: what happened in the subject and the first line, numbers below.
 * Every mail about an alert answers the first, whose Message-ID follows from the dedup key: they are one thread.
 * @param domain of the address it comes from
 */
export function mailOf(notification: Notification, domain: string): Mail {
  const { key, dedupKey, kind, cause, alert } = notification
  const isFirst = kind === 'trigger' && (cause === 'opened' || cause === 'test')
  const first = `${dedupKey}@${domain}`
  const subject = plain(`${isFirst ? '' : 'Re: '}[${alert.severity}] ${alert.summary}`)
  const lines = linesOf(notification)
  return {
    subject: subject.length > subjectMax ? `${subject.slice(0, subjectMax - 1)}…` : subject,
    text: `${lines.map(textOf).join('\n')}\n`,
    html: htmlOf(lines, notification.url),
    messageId: isFirst ? first : `${key}@${domain}`,
    inReplyTo: isFirst ? null : first,
  }
}

/** A paragraph, or a name with what it is; an empty line between parts. */
type Line = readonly [text: string] | readonly [name: string, value: string] | readonly []

function linesOf(notification: Notification): Line[] {
  const { alert, url } = notification
  const { device } = alert
  const known = [device.name, ...device.addresses, device.mac, device.vendor].filter(
    (one) => one !== null,
  )
  return [
    [whatNow(notification)],
    [],
    [alert.summary],
    [],
    ['Device', known.join(', ')],
    ['Site', alert.site],
    ['Severity', `${alert.severity} (${alert.score.toFixed(2)})`],
    ['Seen', `${alert.count} times, ${alert.firstSeen} to ${alert.lastSeen}`],
    ['With', alert.peers.slice(0, 8).map(peerText).join(', ')],
    [],
    ...Object.entries(alert.why).map(([name, value]): Line => [name, String(value)]),
    [],
    [url],
  ].map((line) => line.map(plain) as unknown as Line)
}

function whatNow({ kind, cause, by, alert }: Notification): string {
  const who = by === null ? '' : ` by ${by}`
  if (cause === 'test') return 'This is a test of Wardwatch. Nothing has happened.'
  if (kind === 'acknowledge') return `Acknowledged${who}: somebody is at it.`
  if (kind === 'resolve')
    return `Closed${who}: ${alert.verdict ?? 'no verdict'}. ${alert.reason ?? ''}`.trim()
  if (cause === 'escalated') return 'It has grown worse. Nobody is at it as far as is known here.'
  return cause === 'reopened' ? `Opened again${who}.` : 'New alert.'
}

function peerText({ name, address, mac, port, protocol }: Alert['peers'][number]): string {
  const who = name ?? address ?? mac ?? 'unknown'
  return port === null ? who : `${who} ${protocol ?? ''}/${port}`
}

/** Control characters, line ends among them, and marks that turn the direction of writing: they can forge a header or a line. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

function textOf(line: Line): string {
  return line.length === 2 ? `${line[0]}: ${line[1]}` : (line[0] ?? '')
}

/** The same, with a link to press. Nothing is loaded from anywhere. */
function htmlOf(lines: readonly Line[], url: string): string {
  const parts = lines.map((line) => {
    if (line.length === 2) return `<b>${escaped(line[0])}</b>: ${escaped(line[1])}`
    const text = escaped(line[0] ?? '')
    return line[0] === url ? `<a href="${text}">Open the alert</a>` : text
  })
  return `<!doctype html><html><body>${parts.join('<br>\n')}</body></html>\n`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
