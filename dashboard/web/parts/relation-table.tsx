import { useState } from 'react'
import type { DeviceBaseline, DeviceRelation } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { deviceHref } from '../data/route.ts'
import { Ago } from './ago.tsx'
import { Choice } from './filter-bar.tsx'

const shownAtFirst = 25

/** Whom the device deals with, and since when: approved, learned or new, each with a shape and a word. */
export function RelationTable({ baseline }: { readonly baseline: DeviceBaseline }) {
  const [standing, setStanding] = useState('')
  const [isAll, setAll] = useState(false)
  const { relations, relationsEvicted } = baseline
  const wanted = standing === '' ? relations : relations.filter((r) => r.standing === standing)
  const shown = isAll ? wanted : wanted.slice(0, shownAtFirst)
  const count = (of: DeviceRelation['standing']) =>
    relations.filter((r) => r.standing === of).length
  return (
    <section className="panel" aria-label="Peers and services">
      <header className="panel-head">
        <h2>Peers and services</h2>
        <span className="muted">
          {count('approved')} approved, {count('learned')} learned, {count('new')} new
        </span>
        <span className="spacer" />
        <Choice
          label="Standing"
          value={standing}
          onChange={setStanding}
          options={[
            ['', 'all'],
            ['approved', 'approved'],
            ['learned', 'learned'],
            ['new', 'new'],
          ]}
        />
      </header>
      {shown.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>Peer</th>
                <th>Service</th>
                <th>Standing</th>
                <th className="num">Seen in</th>
                <th>First</th>
                <th>Last</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((relation) => (
                <RelationRow key={relation.relation} relation={relation} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {wanted.length > shown.length && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {formatNumber(wanted.length)}
        </button>
      )}
      {relationsEvicted > 0 && (
        <p className="muted">
          {formatNumber(relationsEvicted)} were forgotten for want of room: this device deals with
          more parties than are kept.
        </p>
      )}
    </section>
  )
}

const kindWords = { to: 'asks', from: 'is asked by', caller: 'is called by' } as const

function RelationRow({ relation }: { readonly relation: DeviceRelation }) {
  const { kind, service, caller, party, partyName, standing, hours, days } = relation
  const key = party.split('|')
  const isHost = key.length === 3
  const address = isHost ? key[2]!.replace(/^(ip|mac):/, '') : party
  return (
    <tr>
      <th scope="row">
        <span className="muted">{kindWords[kind]} </span>
        {isHost ? (
          <a href={deviceHref(party)} className={partyName === null ? 'mono' : ''}>
            {partyName ?? address}
          </a>
        ) : (
          <span>{party}</span>
        )}
        {caller !== null && <span className="under">as “{caller}”</span>}
        {partyName !== null && <span className="under mono">{address}</span>}
      </th>
      <td className="mono">{service}</td>
      <td>
        <StandingMark standing={standing} />
      </td>
      <td className="num">
        {hours === 0 ? (
          <span className="muted">{standing === 'approved' ? 'not yet' : 'this hour'}</span>
        ) : (
          <>
            {formatNumber(hours)} h <span className="muted">on {formatNumber(days)} d</span>
          </>
        )}
      </td>
      <td>
        <Ago time={relation.first} />
      </td>
      <td>
        <Ago time={relation.last} />
      </td>
    </tr>
  )
}

/** As edges are drawn: approved solid, learned dashed, new dotted. */
function StandingMark({ standing }: { readonly standing: DeviceRelation['standing'] }) {
  const dashes = { approved: 'none', learned: '5 3', new: '1.5 3' } as const
  return (
    <span className={`standing standing-${standing}`}>
      <svg viewBox="0 0 20 8" width="20" height="8" aria-hidden="true" focusable="false">
        <path
          d="M1 4h18"
          stroke="currentColor"
          strokeWidth="2"
          strokeDasharray={dashes[standing]}
        />
      </svg>
      {standing}
    </span>
  )
}
