import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Behaviour } from './notifications.ts'

export interface ReceivedMail {
  /** By lower-case name, unfolded. */
  readonly headers: ReadonlyMap<string, string>
  readonly raw: string
  readonly from: string
  readonly to: readonly string[]
}

/** A real mail server (smtp-server) behind a door that can hang or break. Mails are kept, none is sent on. */
export async function openSmtpReceiver(
  options: { readonly user?: string; readonly password?: string; readonly refuses?: string[] } = {},
  more: SMTPServerOptions = {},
) {
  const mails: ReceivedMail[] = []
  let behaviour: Behaviour = { does: 'take' }
  const failing = (responseCode: number, text: string) =>
    Object.assign(new Error(text), { responseCode })
  const server = new SMTPServer({
    authOptional: options.user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, callback) => {
      if (username === options.user && password === options.password)
        callback(null, { user: username })
      else callback(failing(535, `wrong password ${password}`))
    },
    onMailFrom: (_address, _session, callback) => {
      callback(behaviour.does === 'fail' ? failing(421, 'closing') : null)
    },
    onRcptTo: ({ address }, _session, callback) => {
      const isRefused = behaviour.does === 'refuse' || options.refuses?.includes(address) === true
      callback(isRefused ? failing(550, `no such mailbox ${address}`) : null)
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (behaviour.does === 'put-off') {
          callback(failing(451, 'greylisted'))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        mails.push(
          readMail(
            Buffer.concat(chunks).toString('utf8'),
            from,
            rcptTo.map((r) => r.address),
          ),
        )
        callback(null)
      })
    },
    ...more,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const inner = (server.server.address() as AddressInfo).port
  const open = new Set<Socket>()
  const door = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    if (behaviour.does === 'hang') return
    if (behaviour.does === 'break') {
      socket.destroy()
      return
    }
    const through = connect(inner, '127.0.0.1')
    through.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => through.destroy())
    socket.pipe(through).pipe(socket)
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const down = async () => {
    for (const socket of open) socket.destroy()
    if (door.listening) await new Promise<void>((resolve) => door.close(() => resolve()))
  }
  return {
    port: (door.address() as AddressInfo).port,
    mails,
    behave: (one: Behaviour) => {
      behaviour = one
    },
    down,
    close: async () => {
      await down()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function readMail(raw: string, from: string, to: string[]): ReceivedMail {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ')
  const headers = new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { headers, raw, from, to }
}
