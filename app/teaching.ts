import type { Ingest } from '../ingest/service.ts'
import { clearProgress, showProgress } from './output.ts'

/** How often the bar is drawn, ms of wall time. */
const drawMs = 200

/** A bar on the terminal while the sensor is taught. Ends by itself, and keeps no process alive. */
export function watchTeaching(ingest: Pick<Ingest, 'teaching'>): void {
  let wasTaught = false
  const timer = setInterval(() => {
    const share = ingest.teaching()
    if (share !== null) {
      wasTaught = true
      showProgress('learning', share)
    } else if (wasTaught) {
      clearProgress()
      process.stderr.write('wardwatch: learned; watching live\n')
      clearInterval(timer)
    }
  }, drawMs)
  timer.unref()
}
