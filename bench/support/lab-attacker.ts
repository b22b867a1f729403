import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

// Run beside the clients: `lab-attacker.ts SERVER PORT COUNT INTERVAL_MS FIRST` opens one connection after the other, each from
// an address of its own (10.66.1.FIRST and on), and writes a JSON line for each: when it was begun, in ms since the epoch.

const [server, port, count, intervalMs, first] = process.argv.slice(2)

for (let n = Number(first); n < Number(first) + Number(count); n++) {
  const localAddress = `10.66.1.${n}`
  const beganMs = performance.timeOrigin + performance.now()
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: server!, port: Number(port), localAddress }, () => socket.end())
    socket.once('close', () => resolve()).once('error', reject)
  })
  process.stdout.write(`${JSON.stringify({ source: localAddress, beganMs })}\n`)
  // Not in step with anything that is done every so many ms.
  await setTimeout(Number(intervalMs) * (0.75 + ((n * 37) % 100) / 200))
}
