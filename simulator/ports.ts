/** Client ports of one station: 16,384 in turn (RFC 6335 §6), so that no two open flows share one. */
export type ClientPorts = () => number

export function createClientPorts(first: number): ClientPorts {
  const [least, count] = [49_152, 16_384]
  let next = first % count
  return () => {
    const port = least + next
    next = (next + 1) % count
    return port
  }
}
