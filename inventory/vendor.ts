import { createRequire } from 'node:module'

/** Maker of a network card: the IEEE's list of organisations by the first 24 bits of a MAC (package oui-data). */
export interface VendorList {
  /** First line of the registration; null for a locally administered address (bit 0x02) or an unknown prefix. */
  vendorOf(mac: string): string | null
}

/** Loads the list (5 MB of JSON) at the first question. */
export function createVendorList(): VendorList {
  let registrations: Readonly<Record<string, string>> | null = null
  return {
    vendorOf(mac) {
      if ((parseInt(mac.slice(1, 2), 16) & 2) !== 0) return null
      registrations ??= createRequire(import.meta.url)('oui-data') as Readonly<
        Record<string, string>
      >
      const prefix = mac.slice(0, 8).replaceAll(':', '').toUpperCase()
      return Object.hasOwn(registrations, prefix)
        ? (registrations[prefix]!.split('\n', 1)[0] ?? null)
        : null
    },
  }
}
