import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

// Run beside the server: `lab-listener.ts ADDRESS TCP_PORT UDP_PORT` takes connections and datagrams and says nothing.

const [address, tcpPort, udpPort] = process.argv.slice(2)
const tcp = createServer((socket) => socket.on('error', () => undefined).resume())
tcp.listen(Number(tcpPort), address, () => process.stdout.write('listening\n'))
createSocket('udp4').bind(Number(udpPort), address)
