import type { Cast, Kind, Member } from './hospital.ts'

/** What the people of the simulated hospital have declared: the `inventory` part of a configuration. */
export function declaredInventory(cast: Cast) {
  const wards = [...new Set(cast.members.map(({ ward }) => ward))].filter((ward) => ward > 0)
  const zones = [
    { name: 'servers', networks: ['10.20.0.0/24'], isClinical: false },
    ...wards.map((ward) => ({
      name: `ward-${ward}`,
      networks: [`10.20.${32 + ward}.0/24`],
      isClinical: true,
    })),
    { name: 'imaging', networks: ['10.20.3.0/24'], isClinical: true },
    { name: 'laboratory', networks: ['10.20.4.0/24'], isClinical: true },
    { name: 'guests', networks: ['10.20.9.0/24'], isClinical: false },
  ]
  return {
    zones,
    devices: cast.members.filter(({ kind }) => !isGuest(kind)).map(declaredDevice),
    callers: {
      dicom: cast.of('modality').map(({ name, ip }) => ({ title: titleOf(name), address: ip })),
      hl7: hl7Senders(cast).map(({ member, application, facility }) => ({
        sender: `${application}|${facility}`,
        address: member.ip,
      })),
    },
  }
}

function isGuest(kind: Kind): boolean {
  return kind === 'home-monitor' || kind === 'phone'
}

function declaredDevice(member: Member) {
  const { name, kind, ip, mac, hasLease } = member
  const deviceClass = classes[kind]
  const identity = hasLease ? { mac } : { address: ip }
  return { name, ...identity, deviceClass, roles: [kind] }
}

const classes: Record<Kind, 'medical' | 'server' | 'unknown'> = {
  pump: 'medical',
  monitor: 'medical',
  'central-station': 'medical',
  modality: 'medical',
  analyser: 'medical',
  'nurse-pc': 'unknown',
  printer: 'unknown',
  'home-monitor': 'unknown',
  phone: 'unknown',
  server: 'server',
  'vendor-gateway': 'server',
}

/** DICOM application entity title of a device: `CT-1` calls itself `CT1`. */
export function titleOf(name: string): string {
  return name.replaceAll('-', '').toUpperCase()
}

/** Who sends HL7 messages, under which MSH-3 and MSH-4. */
export function hl7Senders(cast: Cast) {
  return cast.members
    .filter(({ kind }) => kind === 'monitor' || kind === 'analyser')
    .map((member) => ({
      member,
      application: titleOf(member.name),
      facility: member.kind === 'analyser' ? 'LABORATORY' : `WARD${member.ward}`,
    }))
}
