import { type SubmitEvent, useState } from 'react'

export interface FormState {
  readonly isSending: boolean
  /** What went wrong, or null. */
  readonly fault: string | null
  readonly submit: (event: SubmitEvent<HTMLFormElement>) => void
}

/** Sends the texts of a form; nothing leaves twice, and what the server says is shown. */
export function useForm(
  send: (texts: Readonly<Record<string, string>>) => Promise<string | null>,
): FormState {
  const [isSending, setSending] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  return {
    isSending,
    fault,
    submit: (event) => {
      event.preventDefault()
      if (isSending) return
      setSending(true)
      setFault(null)
      const entries = [...new FormData(event.currentTarget)].map(([name, value]) => {
        return [name, typeof value === 'string' ? value : '']
      })
      void send(Object.fromEntries(entries) as Record<string, string>).then((said) => {
        setFault(said)
        setSending(false)
      })
    },
  }
}

/** A fault of one field is told as `field: what`; everything else belongs to the form. */
export function faultOf(fault: string | null, field: string): string | null {
  return fault?.startsWith(`${field}: `) === true ? fault.slice(field.length + 2) : null
}
