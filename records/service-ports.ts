/**
 * Ports by which a service is meant where its protocol has not been recognised: `ssh` means `tcp/22` in a rule about
 * first contacts. Only assignments that a hospital network can rely on (IANA service names; DICOM PS3.8 §9.1.1 and
 * PS3.15 for 104, 11112 and 2762; IANA hl7 2575).
 */
export const servicePorts: Readonly<Record<string, readonly string[]>> = {
  adb: ['tcp/5555'],
  dicom: ['tcp/104', 'tcp/2762', 'tcp/11112'],
  dns: ['tcp/53', 'udp/53'],
  ftp: ['tcp/21'],
  hl7: ['tcp/2575'],
  http: ['tcp/80', 'tcp/8080'],
  https: ['tcp/443', 'tcp/8443'],
  kerberos: ['tcp/88', 'udp/88'],
  ldap: ['tcp/389', 'tcp/636', 'udp/389'],
  mqtt: ['tcp/1883', 'tcp/8883'],
  nfs: ['tcp/2049', 'udp/2049'],
  ntp: ['udp/123'],
  rdp: ['tcp/3389', 'udp/3389'],
  rlogin: ['tcp/512', 'tcp/513', 'tcp/514'],
  smb: ['tcp/139', 'tcp/445'],
  snmp: ['udp/161', 'udp/162'],
  ssh: ['tcp/22'],
  syslog: ['tcp/6514', 'udp/514'],
  telnet: ['tcp/23', 'tcp/2323'],
  vnc: ['tcp/5800', 'tcp/5900', 'tcp/5901', 'tcp/5902', 'tcp/5903'],
  winrm: ['tcp/5985', 'tcp/5986'],
}

/** The service that a port word such as `tcp/22` stands for, or the word itself. */
export function serviceOfPort(word: string): string {
  return serviceByPort.get(word) ?? word
}

const serviceByPort: ReadonlyMap<string, string> = new Map(
  Object.entries(servicePorts).flatMap(([service, words]) =>
    words.map((word) => [word, service] as const),
  ),
)
