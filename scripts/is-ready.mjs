// What a container's health check runs: exit 0 when the process at this address is ready, else its reasons and 1.
//   node scripts/is-ready.mjs http://127.0.0.1:8080
const [address] = process.argv.slice(2)
try {
  const response = await fetch(new URL('/readyz', address), { signal: AbortSignal.timeout(4_000) })
  process.stdout.write(await response.text())
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${address}: ${error.message}\n`)
  process.exitCode = 1
}
