// A POSIX ustar archive of plain files (IEEE Std 1003.1, pax "ustar Interchange Format"), so that `tar tf` reads it.
// Header, 512 bytes; texts are ASCII, numbers octal:
//   0 name 100 · 100 mode 8 · 108 uid 8 · 116 gid 8 · 124 size 12 · 136 mtime 12 · 148 checksum 8 · 156 type 1 ('0')
//   157 link name 100 · 257 magic "ustar\0" · 263 version "00" · 265 user 32 · 297 group 32 · 329 device 16 · 345 prefix 155
// A size of 8 GiB and more is written in base 256, as GNU tar does: first bit set, then the number.
// Content follows, filled up to 512; two blocks of zeros end the archive.

export const blockBytes = 512

export interface TarEntry {
  readonly name: string
  readonly bytes: number
}

/** Most bytes of a name, and of the part of it before some slash. */
const [nameBytesMax, prefixBytesMax] = [100, 155]

/** @throws RangeError when a name is not plain ASCII or cannot be divided so that it fits. */
export function tarHeader(entry: TarEntry, mtimeSeconds: number): Uint8Array {
  const { bytes } = entry
  const { prefix, name } = divided(entry.name)
  const header = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, width: number) =>
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  header.write(name, 0, 'latin1')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  if (bytes < 8 ** 11) octal(bytes, 124, 12)
  else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(bytes), 128)
  }
  octal(mtimeSeconds, 136, 12)
  header.write('ustar\x0000', 257, 'latin1')
  header[156] = 0x30
  header.fill(0, 157, 257)
  header.write(prefix, 345, 'latin1')
  octal(checksumOf(header), 148, 7)
  header[155] = 0x20
  return header
}

/** Null for a block of zeros. @returns an error text for what is no header of ours */
export function readTarHeader(header: Uint8Array): TarEntry | null | string {
  if (header.every((byte) => byte === 0)) return null
  const text = (from: number, length: number) =>
    Buffer.from(header.subarray(from, from + length))
      .toString('latin1')
      .replace(/\0.*$/s, '')
  if (text(257, 6) !== 'ustar') return 'not a tar archive'
  if (Number.parseInt(text(148, 8), 8) !== checksumOf(header)) return 'a header is damaged'
  if (header[156] !== 0x30) return 'something that is no plain file'
  const view = new DataView(header.buffer, header.byteOffset)
  const bytes =
    (header[124]! & 0x80) === 0 ? Number.parseInt(text(124, 12), 8) : Number(view.getBigUint64(128))
  if (!Number.isSafeInteger(bytes) || bytes < 0) return 'a size that is none'
  const prefix = text(345, prefixBytesMax)
  const name = text(0, nameBytesMax)
  return { name: prefix === '' ? name : `${prefix}/${name}`, bytes }
}

function divided(path: string): { prefix: string; name: string } {
  if (!/^[\x21-\x7e]+$/.test(path)) throw new RangeError(`name: ${path}`)
  if (path.length <= nameBytesMax) return { prefix: '', name: path }
  const slash = path.indexOf('/', path.length - nameBytesMax - 1)
  if (slash < 1 || slash > prefixBytesMax) throw new RangeError(`name: ${path}`)
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) }
}

/** Bytes that fill content up to a whole block. */
export function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

/** Sum of the header's bytes, with its own field taken as blanks. */
function checksumOf(header: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!
  return sum
}
