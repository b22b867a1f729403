import type { ProtocolDecoder } from '../protocol.ts'
import { dhcp } from './dhcp.ts'
import { dicom } from './dicom.ts'
import { dns, dnsOverTcp } from './dns.ts'
import { ftp } from './ftp.ts'
import { hl7 } from './hl7.ts'
import { http } from './http.ts'
import { kerberosTcp, kerberosUdp } from './kerberos.ts'
import { smb } from './smb.ts'
import { ssh } from './ssh.ts'
import { telnet } from './telnet.ts'
import { tls } from './tls.ts'

/**
 * Every decoder that reads flows, in probe order: the first that recognises the first bytes of a flow reads it.
 * What is told by structure alone comes before what leans on a port. ARP and NDP have no flows (addressing.ts).
 */
export const protocolDecoders: readonly ProtocolDecoder[] = [
  tls,
  http,
  ssh,
  smb,
  dicom,
  hl7,
  kerberosTcp,
  dnsOverTcp,
  ftp,
  telnet,
  dns,
  dhcp,
  kerberosUdp,
]
