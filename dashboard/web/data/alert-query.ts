import { type Alert, type Severity, severities } from '../../api.ts'
import { deviceName, peerName, titles } from './words.ts'

/** One condition of the list: `severity:high`, `-site:north`, `"two words"`. */
export interface Term {
  readonly field: Field
  readonly value: string
  readonly isExcluded: boolean
}

export const fields = ['severity', 'status', 'site', 'device', 'peer', 'behaviour', 'text'] as const
export type Field = (typeof fields)[number]

/** What the list shows when the address says nothing: whatever still wants somebody. */
export const defaultQuery = 'status:open'

const token = /(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/g

/** Reads what somebody typed. Whatever is no field is text to be found; nothing is ever refused. */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = []
  for (const [whole, minus, name, quoted, bare] of query.matchAll(token)) {
    const field = fields.find((each) => each === name)
    const value = quoted ?? bare ?? ''
    if (field !== undefined) terms.push({ field, value, isExcluded: minus === '-' })
    else if (name === undefined) {
      if (value !== '') terms.push({ field: 'text', value, isExcluded: minus === '-' })
    } else {
      const text = whole.slice(minus?.length ?? 0)
      terms.push({ field: 'text', value: text, isExcluded: minus === '-' })
    }
  }
  return terms
}

export function formatQuery(terms: readonly Term[]): string {
  return terms
    .map(({ field, value, isExcluded }) => {
      // A quotation mark cannot be said inside one; a space reads as well.
      const clean = value.replaceAll('"', ' ')
      const needsQuotes =
        clean === '' || /\s/.test(clean) || (field === 'text' && /^-|:/.test(clean))
      const text = needsQuotes ? `"${clean}"` : clean
      return `${isExcluded ? '-' : ''}${field === 'text' ? '' : `${field}:`}${text}`
    })
    .join(' ')
}

/** The query with this one condition on the field, or with none. */
export function withField(query: string, field: Field, value: string | null): string {
  const others = parseQuery(query).filter((term) => term.field !== field || term.isExcluded)
  return formatQuery(value === null ? others : [...others, { field, value, isExcluded: false }])
}

/** The value that the query asks of a field, or null. */
export function fieldOf(query: string, field: Field): string | null {
  return parseQuery(query).find((term) => term.field === field && !term.isExcluded)?.value ?? null
}

export function withTerm(query: string, term: Term): string {
  const others = parseQuery(query).filter(
    ({ field, value }) => field !== term.field || value !== term.value,
  )
  return formatQuery([...others, term])
}

export function withoutTerm(query: string, index: number): string {
  return formatQuery(parseQuery(query).filter((_, at) => at !== index))
}

/** Words of a condition as a person reads it. */
export function termInWords({ field, value, isExcluded }: Term): string {
  const not = isExcluded ? 'not ' : ''
  if (field === 'text') return `${not}“${value}”`
  if (field === 'severity') return `${not}${field} ≥ ${value}`
  return `${field} ${isExcluded ? '≠' : '='} ${value}`
}

/** Whether an alert meets all conditions. */
export function matches(alert: Alert, terms: readonly Term[]): boolean {
  return terms.every((term) => meets(alert, term) !== term.isExcluded)
}

function meets(alert: Alert, { field, value }: Term): boolean {
  const wanted = value.toLowerCase()
  switch (field) {
    case 'severity':
      return rankOf(alert.severity) >= rankOf(wanted as Severity)
    case 'status':
      return wanted === 'open' ? alert.status !== 'closed' : alert.status === wanted
    case 'site':
      return alert.site.toLowerCase() === wanted
    case 'device':
      return deviceWords(alert).includes(wanted)
    case 'peer':
      return peerWords(alert).includes(wanted)
    case 'behaviour':
      return alert.behaviour === wanted
    case 'text':
      return textOf(alert).includes(wanted)
  }
}

/** A word that is no severity is below all. */
function rankOf(severity: Severity): number {
  return severities.indexOf(severity)
}

function deviceWords({ device }: Alert): string[] {
  const words = [device.name, device.mac, device.id, ...device.addresses]
  return words.filter((word) => word !== null).map((word) => word.toLowerCase())
}

function peerWords({ peers }: Alert): string[] {
  const words = peers.flatMap(({ name, address, mac }) => [name, address, mac])
  return words.filter((word) => word !== null).map((word) => word.toLowerCase())
}

function textOf(alert: Alert): string {
  const { behaviour, site, summary, id } = alert
  const names = [deviceName(alert.device), ...alert.peers.map(peerName)]
  return [titles[behaviour], behaviour, site, summary, id, ...names, ...deviceWords(alert)]
    .join('\n')
    .toLowerCase()
}
