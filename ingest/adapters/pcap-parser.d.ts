/** What we use of pcap-parser, which carries no types: the independent reader of classic captures. */
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events'
  import type { Readable } from 'node:stream'

  export interface PacketHeader {
    timestampSeconds: number
    timestampMicroseconds: number
    capturedLength: number
    originalLength: number
  }

  export interface Packet {
    header: PacketHeader
    data: Buffer
  }

  export interface Parser extends EventEmitter {
    on(event: 'packet', listener: (packet: Packet) => void): this
    on(event: 'end', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
  }

  export function parse(input: string | Readable): Parser
}
