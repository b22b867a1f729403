import { ascii, concat, u32 } from './bytes.ts'
import { filler, type Opening, talk } from './conversations.ts'
import type { Packet } from './packets.ts'

const message = { kexInit: 20, newKeys: 21, ecdhInit: 30, ecdhReply: 31 } as const

/** SSH version exchange, key exchange (RFC 4253 §7, RFC 5656 §4) and an encrypted session of `bytes`; keys are filler. */
export function sshSession(opening: Opening, bytes: number): Packet[] {
  const session = talk(opening, 22).open()
  session.answer('SSH-2.0-dropbear_2014.63\r\n').send('SSH-2.0-OpenSSH_9.2\r\n')
  session
    .send(sshPacket(message.kexInit, keyOffer()))
    .answer(sshPacket(message.kexInit, keyOffer()))
  session
    .send(sshPacket(message.ecdhInit, text(filler(32))))
    .answer(sshPacket(message.ecdhReply, keyReply()))
    .send(sshPacket(message.newKeys))
    .answer(sshPacket(message.newKeys))
  const half = Math.ceil(bytes / 2)
  return session.send(filler(half)).answer(filler(half)).close().packets
}

/** Ten name lists (RFC 4253 §7.1) after a cookie; then "no guess follows" and four reserved bytes. */
function keyOffer(): Uint8Array {
  const ciphers = 'chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-ctr'
  const macs = 'hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256'
  const lists = ['curve25519-sha256', 'ssh-ed25519,rsa-sha2-512', ciphers, ciphers, macs, macs]
  const all = [...lists, 'none', 'none', '', '']
  return concat(filler(16), ...all.map((list) => text(ascii(list))), new Uint8Array(5))
}

/** Host key, ephemeral key and signature of Ed25519 (RFC 8709 §4, §6). */
function keyReply(): Uint8Array {
  const named = (bytes: number) => concat(text(ascii('ssh-ed25519')), text(filler(bytes)))
  return concat(text(named(32)), text(filler(32)), text(named(64)))
}

/** A string: its length in four bytes, then itself (RFC 4251 §5). */
function text(bytes: Uint8Array): Uint8Array {
  return concat(u32(bytes.length), bytes)
}

/** RFC 4253 §6: packet length, padding length, message number and body, padding. */
function sshPacket(number: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const padding = 8 - ((6 + body.length) % 8) + 4
  const head = concat(u32(2 + body.length + padding), Uint8Array.of(padding, number))
  return concat(head, body, new Uint8Array(padding))
}
