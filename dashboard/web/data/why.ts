import { duration, formatBytes, formatNumber, utcTime } from './numbers.ts'

export interface WhyLine {
  readonly label: string
  readonly value: string
  /** What was configured and bounds no number of this alert. */
  readonly isSetting: boolean
}

/** Suffix of a field's name → how its number reads, and whether the value alone says the unit. */
const units: readonly {
  readonly suffix: string
  readonly show: (value: number) => string
  readonly isSaidByValue: boolean
}[] = [
  { suffix: 'TimeUs', show: (value) => utcTime(value / 1000), isSaidByValue: true },
  { suffix: 'PerSecond', show: (value) => `${formatNumber(value)} / s`, isSaidByValue: true },
  { suffix: 'Seconds', show: seconds, isSaidByValue: true },
  { suffix: 'Minutes', show: (value) => `${formatNumber(value)} min`, isSaidByValue: true },
  { suffix: 'Hours', show: (value) => `${formatNumber(value)} h`, isSaidByValue: true },
  { suffix: 'Days', show: (value) => `${formatNumber(value)} d`, isSaidByValue: false },
  { suffix: 'Ms', show: (value) => seconds(value / 1000), isSaidByValue: true },
  { suffix: 'Us', show: (value) => seconds(value / 1e6), isSaidByValue: true },
  { suffix: 'Bytes', show: formatBytes, isSaidByValue: false },
  { suffix: 'Share', show: (value) => `${formatNumber(value * 100)} %`, isSaidByValue: false },
]

/** Names of fields that make no sense word by word. */
const labels: ReadonlyMap<string, string> = new Map([
  ['attemptsOnly', 'Unanswered or refused'],
  ['callers', 'Names used'],
  ['callersGuessed', 'Names tried'],
  ['hostsArp', 'Hosts asked for by ARP'],
  ['hostsFailed', 'Hosts without a connection'],
  ['hostsIcmp', 'Hosts pinged'],
  ['hostsSlow', 'Hosts in the slow window'],
  ['isMacRandom', 'MAC made up by the device'],
  ['portsNamed', 'Ports, the first'],
  ['seconds', 'Within'],
  ['secondsSinceFailure', 'After the last refusal'],
  ['windowSlowSeconds', 'Slow window'],
])

/** Words of a field that stand for a sentence. */
const values: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  cause: new Map([
    ['administration', 'administered by a host that is no declared administrator'],
    ['caller', 'called under a name that is unknown there'],
    ['guessing', 'names guessed'],
    ['internet', 'reached from outside the monitored networks'],
    ['rule', 'forbidden by a declared rule'],
  ]),
}

const settingPattern = /^(window|grace)([A-Z]|$)/

const boundWords = { Min: 'threshold', Max: 'limit' } as const

/**
 * The numbers of an alert with words and units. A bound stands beside what it bounds:
 * `{failures: 36, failuresMin: 8}` → "Failures": "36 (threshold 8)".
 */
export function whyLines(why: Readonly<Record<string, number | string>>): WhyLine[] {
  const lines: WhyLine[] = []
  for (const [key, value] of Object.entries(why)) {
    const bound = boundOf(key)
    if (bound !== null && bound.name in why) continue
    const words = bound === null ? '' : ` ${boundWords[bound.kind]}`
    const bounds = (['Min', 'Max'] as const).flatMap((kind) => {
      const limit = why[`${key}${kind}`]
      return limit === undefined ? [] : [`${boundWords[kind]} ${valueOf(key, limit)}`]
    })
    const name = bound?.name ?? key
    const note = bounds.length === 0 ? '' : ` (${bounds.join(', ')})`
    lines.push({
      label: labelOf(name) + words,
      value: valueOf(name, value) + note,
      isSetting: bound !== null || settingPattern.test(key),
    })
  }
  return lines
}

function boundOf(key: string): { readonly name: string; readonly kind: 'Min' | 'Max' } | null {
  const kind = key.endsWith('Min') ? 'Min' : key.endsWith('Max') ? 'Max' : null
  return kind === null ? null : { name: key.slice(0, -3), kind }
}

function unitOf(name: string) {
  if (name === 'secondsSinceFailure') return units.find(({ suffix }) => suffix === 'Seconds')
  return units.find(({ suffix }) => name.endsWith(suffix) || name === lowerFirst(suffix))
}

function valueOf(name: string, value: number | string): string {
  if (typeof value === 'string') {
    return Object.hasOwn(values, name) ? (values[name]?.get(value) ?? value) : value
  }
  return unitOf(name)?.show(value) ?? formatNumber(value)
}

/** The field's own abbreviations keep their capitals. */
const fieldWords = new Set(['arp', 'dns', 'icmp', 'ip', 'mac', 'tcp', 'udp'])

/** `distinctPorts` → "Distinct ports", `windowSeconds` → "Window". */
function labelOf(name: string): string {
  const known = labels.get(name)
  if (known !== undefined) return known
  const unit = unitOf(name)
  const isCut = unit?.isSaidByValue === true && name.length > unit.suffix.length
  const stem = isCut ? name.slice(0, -unit.suffix.length) : name
  const words = stem
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(' ')
    .map((word) => (fieldWords.has(word) ? word.toUpperCase() : word))
    .join(' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Whole seconds without a decimal that nobody measured. */
function seconds(value: number): string {
  return Number.isInteger(value) && value < 120 ? `${value} s` : duration(value * 1000)
}

function lowerFirst(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1)
}
