import { afterEach, describe, expect, test } from 'vitest'
import { createSmtp, type SmtpOptions } from '../../../alerts/adapters/smtp.ts'
import { notifierContract } from '../../contracts/notifier.contract.ts'
import { notification } from '../../support/notifications.ts'
import { alertOf } from '../../support/obligations.ts'
import { openSmtpReceiver } from '../../support/smtp-receiver.ts'

const password = 'correct horse battery staple'
const options = (port: number): SmtpOptions => ({
  name: 'mail',
  host: '127.0.0.1',
  port,
  security: 'none',
  user: 'wardwatch',
  password,
  from: 'wardwatch@hospital.example',
  to: ['on-call@hospital.example'],
  timeoutSeconds: 20,
})
const account = { user: 'wardwatch', password }

notifierContract(
  'smtp, against smtp-server',
  async () => {
    const receiver = await openSmtpReceiver(account)
    return {
      notifier: createSmtp(options(receiver.port)),
      behave: receiver.behave,
      // Every mail about an alert leads back to the first one's Message-ID.
      taken: () =>
        Promise.resolve(
          receiver.mails.map(
            ({ headers }) => headers.get('references') ?? headers.get('message-id')!,
          ),
        ),
      keys: () => Promise.resolve(receiver.mails.map(({ headers }) => headers.get('message-id')!)),
      down: receiver.down,
      remove: receiver.close,
    }
  },
  { secrets: [password], canAskForTime: false },
)

describe('a mail', () => {
  let receiver: Awaited<ReturnType<typeof openSmtpReceiver>>
  afterEach(() => receiver.close())
  const open = async (...given: Parameters<typeof openSmtpReceiver>) => {
    receiver = await openSmtpReceiver(...given)
  }
  const send = (one = notification(), more: Partial<SmtpOptions> = {}) =>
    createSmtp({ ...options(receiver.port), ...more }).send(one, AbortSignal.timeout(20_000))

  test('says in its first lines what happened, and is told from others by its headers', async () => {
    await open(account)
    await send(notification(), { to: ['a@hospital.example', 'b@hospital.example'] })
    const [mail] = receiver.mails
    expect(mail!.to).toEqual(['a@hospital.example', 'b@hospital.example'])
    expect(mail!.headers.get('subject')).toBe('[medium] ws-14 tried 8 ports of 10.60.1.20 in 9 s')
    expect(mail!.headers.get('list-id')).toContain('<alerts.wardwatch.hospital.example>')
    expect(mail!.headers.get('auto-submitted')).toBe('auto-generated')
    expect(mail!.headers.get('message-id')).toBe(
      '<7d793037a0760186574b0282f2f435e7@hospital.example>',
    )
    const [text, html] = [mail!.raw.indexOf('text/plain'), mail!.raw.indexOf('text/html')]
    expect(text).toBeGreaterThan(0)
    expect(html).toBeGreaterThan(text)
    const shown = mail!.raw.slice(text, html)
    expect(shown).toMatch(
      /New alert\.\s+ws-14 tried 8 ports of 10\.60\.1\.20 in 9 s\s+Device: ws-14/,
    )
    expect(shown).toContain('https://ward.example/#/alerts/a1b2')
  })

  test('about an alert already told of answers the first, and says what is new', async () => {
    await open(account)
    await send()
    const closed = alertOf({ status: 'closed', verdict: 'false', reason: 'lab test' })
    await send(
      notification({ kind: 'resolve', cause: 'closed', key: 'k2', alert: closed, by: 'm.weber' }),
    )
    const [first, second] = receiver.mails.map(({ headers }) => headers)
    expect(second!.get('in-reply-to')).toBe(first!.get('message-id'))
    expect(second!.get('references')).toBe(first!.get('message-id'))
    expect(second!.get('message-id')).toBe('<k2@hospital.example>')
    expect(second!.get('subject')).toMatch(/^Re: \[medium\]/)
    expect(receiver.mails[1]!.raw).toContain('Closed by m.weber: false. lab test')
  })

  test('cannot be given another recipient or header by what an alert holds', async () => {
    await open(account)
    const forged = 'x\r\nBcc: evil@attacker.example\r\n\r\nforged <b>body</b>\u202egnp'
    const device = { ...alertOf().device, name: forged }
    await send(notification({ alert: alertOf({ summary: forged, device }), by: forged }))
    const [mail] = receiver.mails
    expect(mail!.to).toEqual(['on-call@hospital.example'])
    expect(mail!.headers.has('bcc')).toBe(false)
    const html = mail!.raw.slice(mail!.raw.indexOf('text/html'))
    expect(html).not.toContain('<b>body')
    expect(mail!.raw).not.toContain('\u202e')
  })

  test('is not sent where TLS was asked for and the certificate is nobody’s we know', async () => {
    await open(account)
    const outcome = await send(notification(), { security: 'starttls' })
    expect(outcome.result).toBe('retry')
    expect(receiver.mails).toEqual([])
  })

  test('is not sent in the clear by a server that has no TLS', async () => {
    await open(account, { hideSTARTTLS: true })
    expect((await send(notification(), { security: 'starttls' })).result).toBe('retry')
    expect(receiver.mails).toEqual([])
  })

  test('with a wrong password is refused, and neither password nor answer is told', async () => {
    await open(account)
    const outcome = await send(notification(), { password: 'hunter2 of ours' })
    expect(outcome).toEqual({ result: 'refused', reason: 'SMTP 535' })
  })

  test('needs no account where the server asks for none', async () => {
    await open()
    expect(await send(notification(), { user: null, password: null })).toEqual({
      result: 'delivered',
    })
  })

  test('reaches the other addresses when one of them is refused for good', async () => {
    await open({ ...account, refuses: ['gone@hospital.example'] })
    const to = ['gone@hospital.example', 'on-call@hospital.example']
    expect(await send(notification(), { to })).toEqual({ result: 'delivered' })
    expect(receiver.mails[0]!.to).toEqual(['on-call@hospital.example'])
  })
})
