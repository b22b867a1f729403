/** Bytes of pcapng blocks in one byte order, for tests: writes what it is told, sane or not. */
export function createPcapngWriter(options: { bigEndian?: boolean } = {}) {
  const little = !(options.bigEndian ?? false)

  function words(width: 1 | 2 | 4, ...values: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * width))
    values.forEach((value, i) => {
      if (width === 1) view.setUint8(i, value)
      else if (width === 2) view.setUint16(i * 2, value, little)
      else view.setUint32(i * 4, value, little)
    })
    return new Uint8Array(view.buffer)
  }

  /** Any block: type, both lengths, body padded to four. `claims` replaces a length by another. */
  function block(
    type: number,
    body: Uint8Array,
    claims: { length?: number; trailer?: number } = {},
  ): Uint8Array {
    const padding = new Uint8Array(-body.length & 3)
    const total = 12 + body.length + padding.length
    const length = claims.length ?? total
    return join(words(4, type, length), body, padding, words(4, claims.trailer ?? length))
  }

  function optionsOf(list: readonly { code: number; value: Uint8Array }[]): Uint8Array {
    if (list.length === 0) return new Uint8Array(0)
    const parts = list.map(({ code, value }) =>
      join(words(2, code, value.length), value, new Uint8Array(-value.length & 3)),
    )
    return join(...parts, words(2, 0, 0))
  }

  const ticks = (value: bigint) => words(4, Number(value >> 32n), Number(value & 0xffff_ffffn))

  return {
    block,
    section: (version = 1) =>
      block(
        0x0a0d0d0a,
        join(words(4, 0x1a2b3c4d), words(2, version, 0), words(4, 0xffff_ffff, 0xffff_ffff)),
      ),
    /** `resolution`: the byte of if_tsresol; `offsetSeconds`: if_tsoffset. */
    interface: (
      fields: {
        linkType?: number
        snapLength?: number
        resolution?: number
        offsetSeconds?: bigint
      } = {},
    ) => {
      const list: { code: number; value: Uint8Array }[] = []
      if (fields.resolution !== undefined)
        list.push({ code: 9, value: words(1, fields.resolution) })
      if (fields.offsetSeconds !== undefined) {
        const view = new DataView(new ArrayBuffer(8))
        view.setBigInt64(0, fields.offsetSeconds, little)
        list.push({ code: 14, value: new Uint8Array(view.buffer) })
      }
      return block(
        1,
        join(words(2, fields.linkType ?? 1, 0), words(4, fields.snapLength ?? 0), optionsOf(list)),
      )
    },
    enhancedPacket: (
      time: bigint,
      data: Uint8Array,
      fields: { interface?: number; captured?: number; original?: number } = {},
    ) =>
      block(
        6,
        join(
          words(4, fields.interface ?? 0),
          ticks(time),
          words(4, fields.captured ?? data.length, fields.original ?? data.length),
          data,
        ),
      ),
    obsoletePacket: (
      time: bigint,
      data: Uint8Array,
      fields: { interface?: number; original?: number } = {},
    ) =>
      block(
        2,
        join(
          words(2, fields.interface ?? 0, 7),
          ticks(time),
          words(4, data.length, fields.original ?? data.length),
          data,
        ),
      ),
    simplePacket: (data: Uint8Array, original = data.length) =>
      block(3, join(words(4, original), data)),
  }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
