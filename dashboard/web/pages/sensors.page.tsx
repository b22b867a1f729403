import type { Status } from '../../api.ts'
import { duration, formatNumber } from '../data/numbers.ts'
import { sensorHealthOf, worstFirst } from '../data/sensor-health.ts'
import { Moment } from '../parts/ago.tsx'
import { SensorMark } from '../parts/sensor-strip.tsx'

/** Every sensor with all that is known of how it sees. */
export function SensorsPage({ status }: { readonly status: Status | null }) {
  if (status === null) return <div className="skeleton" aria-busy="true" aria-label="Loading" />
  const byName = new Map(status.sensors.map((s) => [`${s.site}/${s.sensor}`, s]))
  const sensors = worstFirst(status.sensors.map((s) => sensorHealthOf(s, status.nowMs)))
  return (
    <div className="page-body">
      <header className="page-head">
        <h1>Sensors</h1>
        <p className="muted">
          {sensors.length === 1 ? '1 sensor' : `${sensors.length} sensors`}. What a sensor cannot
          see, no detector can judge.
        </p>
      </header>
      {sensors.length === 0 ? (
        <p className="panel muted">
          No sensor has reported yet. A sensor appears here with its first packet.
        </p>
      ) : (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>Sensor</th>
                <th className="num">Packets</th>
                <th className="num">Traffic</th>
                <th className="num">Lag</th>
                <th className="num">Clock ahead</th>
                <th className="num">Loss</th>
                <th className="num">Duplicates</th>
                <th className="num">One-way flows</th>
                <th className="num">Refused</th>
                <th>Watching since</th>
              </tr>
            </thead>
            <tbody>
              {sensors.map((health) => {
                const sensor = byName.get(health.name)!
                const refused = Object.values(sensor.rejects).reduce((sum, n) => sum + n, 0)
                return (
                  <tr key={health.name} className={health.isStale ? 'stale' : ''}>
                    <th scope="row">
                      <SensorMark sensor={health} />
                    </th>
                    <td className="num">
                      {health.rate}
                      <Under>{formatNumber(sensor.packets)} in all</Under>
                    </td>
                    <td className="num">{health.bits}</td>
                    <td className="num">{health.lag}</td>
                    <td className="num">{health.skew}</td>
                    <td className="num">
                      {health.loss}
                      <Under>{formatNumber(sensor.dropped)} packets</Under>
                    </td>
                    <td className="num">{health.duplicates}</td>
                    <td className="num">
                      {health.oneWay}
                      <Under>of {formatNumber(sensor.judgedFlows)} flows</Under>
                    </td>
                    <td className="num">
                      {formatNumber(refused)}
                      <Under>{causesOf(sensor.rejects)}</Under>
                    </td>
                    <td>
                      {sensor.startedUs > 0 ? (
                        <Moment time={new Date(sensor.startedUs / 1000).toISOString()} />
                      ) : (
                        '—'
                      )}
                      <Under>heard {duration(health.ageMs)} ago</Under>
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
      <dl className="legend muted">
        <div>
          <dt>Lag</dt>
          <dd>how far the sensor’s clock is behind the server’s: green below 2 s</dd>
        </div>
        <div>
          <dt>One-way flows</dt>
          <dd>
            above 30 %, detectors that need both directions are not evaluated: the mirror port sends
            one direction only
          </dd>
        </div>
        <div>
          <dt>Duplicates</dt>
          <dd>packets that a doubled mirror has brought twice; they are counted once</dd>
        </div>
      </dl>
    </div>
  )
}

function Under({ children }: { readonly children: React.ReactNode }) {
  return <span className="under">{children}</span>
}

/** The commonest causes first, two of them. */
function causesOf(rejects: Readonly<Record<string, number>>): string {
  const causes = Object.entries(rejects)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([cause]) => cause)
  if (causes.length === 0) return ''
  return causes.length > 2 ? `${causes.slice(0, 2).join(', ')} …` : causes.join(', ')
}
