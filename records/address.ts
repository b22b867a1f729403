import ipaddr from 'ipaddr.js'

// Addresses are 16 bytes everywhere, IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), in a larger array at row × 16.

/** Text of the address at `offset`: dotted IPv4, or IPv6 as RFC 5952 writes it. */
export function formatIp(bytes: Uint8Array, offset = 0): string {
  if (isMappedIpv4(bytes, offset)) {
    return `${bytes[offset + 12]!}.${bytes[offset + 13]!}.${bytes[offset + 14]!}.${bytes[offset + 15]!}`
  }
  const address = ipaddr.fromByteArray([...bytes.subarray(offset, offset + 16)])
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

/** Whether the 16 bytes at `offset` are an IPv4 address in its mapped form. */
export function isMappedIpv4(bytes: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff
}

/** 16 bytes of a textual address, or null when it is none. */
export function parseIp(text: string): Uint8Array | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return Uint8Array.from(ipaddr.IPv4.parse(text).toIPv4MappedAddress().toByteArray())
  }
  return ipaddr.IPv6.isValid(text) && !text.includes('%')
    ? Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray())
    : null
}

/** `00:1b:21:0a:00:30`, or null for six zero bytes. */
export function formatMac(bytes: Uint8Array, offset = 0): string | null {
  let text = ''
  let sum = 0
  for (let i = 0; i < 6; i++) {
    sum |= bytes[offset + i]!
    text += (i === 0 ? '' : ':') + bytes[offset + i]!.toString(16).padStart(2, '0')
  }
  return sum === 0 ? null : text
}

/** Whether the address belongs to one host: neither unspecified nor multicast nor the limited broadcast. */
export function isUnicast(bytes: Uint8Array, offset = 0): boolean {
  if (isMappedIpv4(bytes, offset)) {
    const first = bytes[offset + 12]!
    return (
      first < 224 &&
      (first !== 0 ||
        bytes[offset + 13] !== 0 ||
        bytes[offset + 14] !== 0 ||
        bytes[offset + 15] !== 0)
    )
  }
  if (bytes[offset] === 0xff) return false
  for (let i = 0; i < 16; i++) if (bytes[offset + i] !== 0) return true
  return false
}
