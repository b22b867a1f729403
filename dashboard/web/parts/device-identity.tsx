import type { DeviceDetail } from '../../api.ts'
import { Ago } from './ago.tsx'
import { CopyButton } from './copy-button.tsx'

const kindWords: Readonly<Record<string, string>> = {
  'dhcp-name': 'Name asked for by DHCP',
  'dhcp-vendor': 'DHCP vendor class',
  'dicom-title': 'DICOM title',
  'dicom-implementation': 'DICOM implementation',
  'hl7-name': 'HL7 application and facility',
  'user-agent': 'User agent',
  'ssh-software': 'SSH software',
}

/** Who the device is, and how we know. */
export function DeviceIdentity({ detail }: { readonly detail: DeviceDetail }) {
  const { device, declared, identity } = detail
  return (
    <section className="panel" aria-label="Identity">
      <header className="panel-head">
        <h2>Identity</h2>
      </header>
      <dl className="pairs">
        {device.address !== null && (
          <Fact label="Address" note="seen on the wire">
            <span className="mono">{device.address}</span>{' '}
            <CopyButton text={device.address} label="Copy the address" isSmall />
          </Fact>
        )}
        {device.mac !== null && (
          <Fact label="MAC" note={device.vendor ?? 'maker unknown to the IEEE list'}>
            <span className="mono">{device.mac}</span>
          </Fact>
        )}
        {declared.name !== null && (
          <Fact label="Name" note="declared in the inventory">
            {declared.name}
          </Fact>
        )}
        {declared.deviceClass !== 'unknown' && (
          <Fact label="Class" note="declared">
            {declared.deviceClass}
          </Fact>
        )}
        {declared.roles.length > 0 && (
          <Fact label="Roles" note="declared">
            {declared.roles.join(', ')}
          </Fact>
        )}
        {declared.zone !== null && (
          <Fact label="Zone" note={declared.isClinical ? 'clinical' : ''}>
            {declared.zone}
          </Fact>
        )}
        {identity.map(({ kind, value, last }) => (
          <Fact key={`${kind} ${value}`} label={kindWords[kind] ?? kind} note={<Ago time={last} />}>
            {value}
          </Fact>
        ))}
        <Fact label="Key" note="">
          <span className="mono">{device.key}</span>
        </Fact>
      </dl>
      {declared.name === null && declared.deviceClass === 'unknown' && (
        <p className="muted">Nothing is declared of this device in the inventory.</p>
      )}
    </section>
  )
}

function Fact(props: {
  readonly label: string
  readonly note: React.ReactNode
  readonly children: React.ReactNode
}) {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd>
        {props.children}
        {props.note !== '' && <span className="under">{props.note}</span>}
      </dd>
    </div>
  )
}
