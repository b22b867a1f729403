import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

// Run beside the clients: `lab-load.ts SERVER PORT PACKETS_PER_SECOND` sends datagrams of 200 bytes from 64 ports in turn, in
// bursts every 5 ms, until it is ended, or for a minute.

const [server, port, rate] = process.argv.slice(2)
const everyMs = 5
const sockets = await Promise.all(
  Array.from({ length: 64 }, async () => {
    const socket = createSocket('udp4')
    socket.connect(Number(port), server)
    await once(socket, 'connect')
    return socket
  }),
)
const payload = Buffer.alloc(200)
const startMs = performance.now()
let sent = 0
for (;;) {
  const passedMs = performance.now() - startMs
  if (passedMs > 60_000) break
  const due = (passedMs / 1000) * Number(rate)
  for (; sent < due; sent++) sockets[sent % sockets.length]!.send(payload, () => undefined)
  await setTimeout(everyMs)
}
for (const socket of sockets) socket.close()
