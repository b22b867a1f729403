import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** Where Linux tells of every network interface, also of those without an address. */
const sysfs = '/sys/class/net'

/** Names of this machine's network interfaces. */
export function interfaceNames(): string[] {
  try {
    return readdirSync(sysfs).sort()
  } catch {
    // Not Linux: what Node knows, which leaves out interfaces without an address.
    return Object.keys(networkInterfaces()).sort()
  }
}

/** States of RFC 2863 §3.1.14 in which nothing can arrive. */
const deadStates = ['down', 'lowerlayerdown', 'notpresent']

/** False when the system says that nothing can arrive at the interface; true also where it says nothing. */
export async function interfaceHasLink(name: string): Promise<boolean> {
  try {
    const state = await readFile(join(sysfs, name, 'operstate'), 'utf8')
    return !deadStates.includes(state.trim())
  } catch {
    // No such file: another system, or the interface has gone, which tcpdump tells.
    return true
  }
}
