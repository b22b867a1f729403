/** At most one log line of a kind in this many ms; the counters it names tell of the others. */
const logEveryMs = 10_000

/** @param now wall clock in ms */
export function seldom(now: () => number, log: (fields: object) => void): (fields: object) => void {
  let loggedMs = -Infinity
  return (fields) => {
    if (now() - loggedMs < logEveryMs) return
    loggedMs = now()
    log(fields)
  }
}
