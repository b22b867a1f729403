import { ipProtocol, type Frame } from './frame.ts'
import type { FlowIdentity } from './record-sink.ts'
import type { Emit } from './protocol.ts'
import {
  arpSummary,
  createArpFacts,
  createNdpFacts,
  isNdp,
  ndpSummary,
  readArp,
  readNdp,
} from './protocols/addressing.ts'

/** Turns ARP and NDP packets into summaries, which belong to no flow. */
export interface LinkSummaries {
  onArp(bytes: Uint8Array, frame: Frame, space: number): void
  /** Looks at an ICMPv6 packet and passes over what is not NDP. */
  onIcmpv6(bytes: Uint8Array, frame: Frame, space: number): void
}

/** `identity` is filled before each `emit`: sender as originator, the address asked for as responder. */
export function createLinkSummaries(
  identity: FlowIdentity,
  emit: Emit,
  reject: (cause: string) => void,
): LinkSummaries {
  const arp = createArpFacts()
  const ndp = createNdpFacts()

  function begin(bytes: Uint8Array, frame: Frame, space: number): void {
    identity.flowId = 0
    identity.vlan = frame.vlan
    identity.space = space
    identity.origPort = 0
    identity.respPort = 0
    identity.origLease.fill(0)
    identity.respLease.fill(0)
    for (let i = 0; i < 6; i++) {
      identity.origMac[i] = bytes[frame.srcMacAt + i]!
      // A group address says nothing about the responder (IEEE 802 §8.2, the individual/group bit).
      identity.respMac[i] = (bytes[frame.dstMacAt]! & 1) === 0 ? bytes[frame.dstMacAt + i]! : 0
    }
  }

  return {
    onArp(bytes, frame, space) {
      if (!readArp(bytes, frame.networkAt, frame.capturedEnd, arp, reject)) return
      begin(bytes, frame, space)
      identity.protocol = 0
      setMapped(identity.origIp, arp.senderIp)
      setMapped(identity.respIp, arp.targetIp)
      emit(arpSummary(arp, bytes, frame.srcMacAt))
    },
    onIcmpv6(bytes, frame, space) {
      if (!isNdp(frame.srcPort)) return
      const hopLimit = bytes[frame.networkAt + 7]!
      if (!readNdp(bytes, frame.transportAt, frame.capturedEnd, hopLimit, ndp, reject)) return
      begin(bytes, frame, space)
      identity.protocol = ipProtocol.icmpv6
      const sourceAt = frame.networkAt + 8
      for (let i = 0; i < 16; i++) identity.origIp[i] = bytes[sourceAt + i]!
      identity.respIp.set(ndp.targetIp)
      emit(ndpSummary(ndp, bytes, sourceAt))
    },
  }
}

/** 0.0.0.0 is no address (RFC 5227 §1.1, ARP probe): the column is null, all zero. */
function setMapped(into: Uint8Array, ip: Uint8Array): void {
  if (ip[12] === 0 && ip[13] === 0 && ip[14] === 0 && ip[15] === 0) into.fill(0)
  else into.set(ip)
}
