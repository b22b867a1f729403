import { escape } from '@influxdata/influxdb-client'
import type { ScorePoint, SeriesPoints, TrafficPoint } from '../../series-store.ts'

// docs/formats/series.md, line protocol with times in whole seconds:
//
//   traffic,device=K,direction=in,service=dicom,site=north flows=1i,packets=3i,ip_bytes=300i,peers=1i,new_peers=0i 1772438400
//   score,device=K,site=north score=0.81 1772438400

/** One line a point. */
export function linesOf({ traffic, scores }: SeriesPoints): string[] {
  return [...traffic.map(trafficLine), ...scores.map(scoreLine)]
}

function trafficLine(p: TrafficPoint): string {
  return (
    `traffic,device=${escape.tag(p.device)},direction=${p.direction},service=${p.service},site=${escape.tag(p.site)}` +
    ` flows=${p.flows}i,packets=${p.packets}i,ip_bytes=${p.ipBytes}i,peers=${p.peers}i,new_peers=${p.newPeers}i` +
    ` ${p.minuteUs / 1e6}`
  )
}

function scoreLine({ minuteUs, site, device, score }: ScorePoint): string {
  return `score,device=${escape.tag(device)},site=${escape.tag(site)} score=${score} ${minuteUs / 1e6}`
}
