import { createContext, useContext } from 'react'
import type { Offers } from '../../api.ts'

/** Nothing, until the server has said what there is. */
export const noOffers: Offers = { actions: false, series: false, flows: false, evidence: false }

export const OffersContext = createContext<Offers>(noOffers)

/** What this installation offers: parts that it has not are not shown. */
export function useOffers(): Offers {
  return useContext(OffersContext)
}
