import { z } from 'zod'

/** What this installation offers beside the alerts: the page shows nothing that leads nowhere. */
export const offersSchema = z.object({
  actions: z.boolean().describe('alerts can be acknowledged and closed'),
  series: z.boolean().describe('traffic over a long time'),
  flows: z.boolean().describe('look-ups in the history of flows'),
  evidence: z.boolean().describe('packets of alerts'),
})
export type Offers = z.infer<typeof offersSchema>
