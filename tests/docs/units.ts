/** Units by the word of a key's name that tells it; the last word that does decides (`retryDelayMsMax`: ms). */
const byWord: Readonly<Record<string, string>> = {
  anomalies: 'anomalies',
  bytes: 'bytes',
  callers: 'callers',
  calls: 'calls',
  clients: 'clients',
  contacts: 'contacts',
  counters: 'counters',
  days: 'days',
  devices: 'devices',
  factor: '0–1',
  failures: 'attempts',
  flows: 'flows',
  hosts: 'hosts',
  hours: 'hours',
  leases: 'leases',
  minutes: 'minutes',
  ms: 'ms',
  packets: 'packets',
  partitions: 'partitions',
  points: 'points',
  port: 'TCP port',
  ports: 'ports',
  retries: 'attempts',
  rows: 'rows',
  score: '0–1',
  seconds: 's',
  sessions: 'sessions',
  share: '0–1',
  speed: 'times',
  targets: 'hosts',
  tries: 'attempts',
  victims: 'hosts',
  vlans: 'VLAN ids',
  workers: 'threads',
}

const byName: Readonly<Record<string, string>> = { replicationFactor: 'copies' }

/** Unit of a number of the configuration, by its path. @throws Error when the name tells none: name it, or add the word. */
export function unitOf(path: readonly string[]): string {
  const name = path.at(-1)!.replace('[]', '')
  const named = byName[name] ?? (path.includes('partitions') ? 'partitions' : undefined)
  if (named !== undefined) return named
  const words = name.split(/(?=[A-Z])/).map((word) => word.toLowerCase())
  const telling = words.findLast((word) => Object.hasOwn(byWord, word))
  if (telling === undefined) throw new Error(`${path.join('.')}: no word of the name tells a unit`)
  return byWord[telling]!
}
