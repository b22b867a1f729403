import { createReadBuffer } from '../../ingest/capture-parser.ts'
import { createPcapParser } from '../../ingest/pcap.ts'
import type { PacketBlock } from '../../ingest/source.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import type { Packet } from '../../simulator/packets.ts'

/** The packets as one block, as a reader would hand them over. */
export function blockOf(packets: readonly Packet[]): PacketBlock {
  const file = encodePcap(packets)
  const buffer = createReadBuffer(file.length, packets.length + 1)
  buffer.bytes.set(file)
  createPcapParser((cause) => {
    throw new Error(cause)
  }).parse(buffer, 0, file.length)
  return buffer.block
}
