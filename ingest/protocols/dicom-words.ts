/** PS3.8 table 9-21, by result, source and reason of an A-ASSOCIATE-RJ. */
const results: Readonly<Record<number, string>> = {
  1: 'rejected-permanent',
  2: 'rejected-transient',
}
const rejectSources: Readonly<Record<number, string>> = {
  1: 'service-user',
  2: 'service-provider-acse',
  3: 'service-provider-presentation',
}
const rejectReasons: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: {
    1: 'no-reason-given',
    2: 'application-context-name-not-supported',
    3: 'calling-AE-title-not-recognized',
    7: 'called-AE-title-not-recognized',
  },
  2: { 1: 'no-reason-given', 2: 'protocol-version-not-supported' },
  3: { 1: 'temporary-congestion', 2: 'local-limit-exceeded' },
}

/** `rejected-permanent/service-user/called-AE-title-not-recognized`; a reserved value stands as its number. */
export function rejectWords(result: number, source: number, reason: number): string {
  const reasonWord = rejectReasons[source]?.[reason] ?? String(reason)
  return `${results[result] ?? String(result)}/${rejectSources[source] ?? String(source)}/${reasonWord}`
}

/** PS3.8 table 9-26, source and reason of an A-ABORT: `aborted/service-provider/unexpected-PDU`. */
const abortReasons: Readonly<Record<number, string>> = {
  0: 'reason-not-specified',
  1: 'unrecognized-PDU',
  2: 'unexpected-PDU',
  4: 'unrecognized-PDU-parameter',
  5: 'unexpected-PDU-parameter',
  6: 'invalid-PDU-parameter-value',
}

export function abortWords(source: number, reason: number): string {
  // A service user gives no reason: the field is not significant then (PS3.8 §9.3.8).
  if (source === 0) return 'aborted/service-user'
  if (source === 2) return `aborted/service-provider/${abortReasons[reason] ?? String(reason)}`
  return `aborted/${source}`
}
