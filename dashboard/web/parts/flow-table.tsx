import { ArrowLeft, ArrowRight } from 'lucide-react'
import { useState } from 'react'
import type { FlowAnswer, FlowLine } from '../../api.ts'
import { formatBytes, formatNumber, localTime, utcTime } from '../data/numbers.ts'
import { deviceHref } from '../data/route.ts'
import { CopyButton } from './copy-button.tsx'

/** Lines of a narrow place that are shown at first. */
const linesAtFirst = 8

/** Flows of a look-up, and what was found beside those shown; in a narrow place two lines each. */
export function FlowTable(props: {
  readonly answer: FlowAnswer
  readonly isUtc: boolean
  readonly isNarrow?: boolean
}) {
  const { answer, isUtc, isNarrow = false } = props
  const { flows, totals, visibility } = answer
  const time = isUtc ? utcTime : localTime
  return (
    <>
      <p className="muted" role="status">
        {totals.flows === 0
          ? 'No flow was found. '
          : `${formatNumber(totals.flows)} ${totals.flows === 1 ? 'flow' : 'flows'}, sent ${formatBytes(totals.ipBytesOut)}, received ${formatBytes(totals.ipBytesIn)}. `}
        {flows.length < totals.flows && `The newest ${formatNumber(flows.length)} are shown. `}
        {visibility.from === null || visibility.to === null
          ? 'The history is empty.'
          : `The history reaches from ${time(Date.parse(visibility.from))} to ${time(Date.parse(visibility.to))}.`}
      </p>
      {visibility.gaps.length > 0 && (
        <p className="warning">
          {visibility.gaps.length === 1
            ? 'One stretch of this time is not on record'
            : `${visibility.gaps.length} stretches of this time are not on record`}
          : from {time(Date.parse(visibility.gaps[0]!.from))} to{' '}
          {time(Date.parse(visibility.gaps[0]!.to))} ({visibility.gaps[0]!.reason.replace('-', ' ')}
          , sensor {visibility.gaps[0]!.sensor}).
        </p>
      )}
      {isNarrow && <FlowLines flows={flows} time={time} />}
      {!isNarrow && flows.length > 0 && (
        <div className="table-scroll">
          <table className="table flows">
            <thead>
              <tr>
                <th>Began</th>
                <th>Other side</th>
                <th>Service</th>
                <th>State</th>
                <th className="num">Sent</th>
                <th className="num">Received</th>
                <th>Community ID</th>
              </tr>
            </thead>
            <tbody>
              {flows.map((flow, index) => (
                <FlowRow key={index} flow={flow} time={time} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

function FlowRow(props: { readonly flow: FlowLine; readonly time: (ms: number) => string }) {
  const { flow, time } = props
  return (
    <tr>
      <td>{time(Date.parse(flow.start))}</td>
      <td>
        <OtherSide flow={flow} />
      </td>
      <td>
        <Service flow={flow} />
      </td>
      <td title={stateWords[flow.state] ?? ''}>{flow.state}</td>
      <td className="num">{formatBytes(sentBy(flow))}</td>
      <td className="num">{formatBytes(receivedBy(flow))}</td>
      <td>
        <CommunityId text={flow.communityId} />
      </td>
    </tr>
  )
}

function FlowLines(props: {
  readonly flows: readonly FlowLine[]
  readonly time: (ms: number) => string
}) {
  const { flows, time } = props
  const [isAll, setAll] = useState(false)
  const shown = isAll ? flows : flows.slice(0, linesAtFirst)
  return (
    <>
      <ol className="flow-lines">
        {shown.map((flow, index) => (
          <li key={index}>
            <span className="flow-line">
              <OtherSide flow={flow} />
              <Service flow={flow} />
              <span className="spacer" />
              <span>{time(Date.parse(flow.start))}</span>
            </span>
            <span className="flow-line muted">
              <span title={stateWords[flow.state] ?? ''}>{flow.state}</span>
              <span>
                sent {formatBytes(sentBy(flow))}, received {formatBytes(receivedBy(flow))}
              </span>
              <span className="spacer" />
              <CommunityId text={flow.communityId} />
            </span>
          </li>
        ))}
      </ol>
      {shown.length < flows.length && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {formatNumber(flows.length)}
        </button>
      )}
    </>
  )
}

function OtherSide({ flow }: { readonly flow: FlowLine }) {
  const { isOutgoing, orig, resp } = flow
  const Arrow = isOutgoing ? ArrowRight : ArrowLeft
  const { address, key } = isOutgoing ? resp : orig
  return (
    <span className="flow-other">
      <Arrow size={16} aria-label={isOutgoing ? 'to' : 'from'} />
      {key === null ? (
        <span className="mono">{address}</span>
      ) : (
        <a href={deviceHref(key)} className="mono">
          {address}
        </a>
      )}
    </span>
  )
}

function Service({ flow: { service, transport, resp } }: { readonly flow: FlowLine }) {
  return (
    <span>
      {service ?? ''}{' '}
      <span className="muted">
        {transport}
        {resp.port === null ? '' : `/${resp.port}`}
      </span>
    </span>
  )
}

/** What the device that was asked about has sent. */
function sentBy({ isOutgoing, origIpBytes, respIpBytes }: FlowLine): number {
  return isOutgoing ? origIpBytes : respIpBytes
}

function receivedBy({ isOutgoing, origIpBytes, respIpBytes }: FlowLine): number {
  return isOutgoing ? respIpBytes : origIpBytes
}

/** The same text in Zeek, Suricata and here: what one pastes into them. */
function CommunityId({ text }: { readonly text: string }) {
  return (
    <span className="community">
      <span className="mono" title={text}>
        {text.slice(0, 10)}…
      </span>
      <CopyButton text={text} label="Copy the Community ID" isSmall />
    </span>
  )
}

/** Zeek, conn.log. */
const stateWords: Readonly<Record<string, string>> = {
  S0: 'asked for, never answered',
  S1: 'open, not ended',
  SF: 'opened and ended as it should',
  REJ: 'refused',
  S2: 'open, the originator has ended its side',
  S3: 'open, the responder has ended its side',
  RSTO: 'cut off by the originator',
  RSTR: 'cut off by the responder',
  RSTOS0: 'asked for and cut off by the originator',
  RSTRH: 'answered and cut off by the responder, the question was not seen',
  SH: 'asked for and ended by the originator, never answered',
  SHR: 'answered and ended by the responder, the question was not seen',
  OTH: 'seen in the middle only',
}
