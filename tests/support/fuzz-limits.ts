/** `WARDWATCH_FUZZ_SECONDS=180 npm test -- tests/fuzz` looks longer: that long for each property. */
const longSeconds = Number(process.env['WARDWATCH_FUZZ_SECONDS'] ?? 0)

/** How long a property tries damaged input: by the clock, never by a number of runs. */
export function fuzzLimits(seconds: number) {
  return {
    numRuns: 100_000_000,
    interruptAfterTimeLimit: Math.max(seconds, longSeconds) * 1000,
    markInterruptAsFailure: false,
  }
}

/** Time that a test with such a property may take. */
export const fuzzTimeoutMs = longSeconds * 1000 + 30_000
