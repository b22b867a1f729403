import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

/** Copies a text and says so for two seconds. */
export function CopyButton(props: {
  readonly text: string
  readonly label: string
  /** The sign alone, where many stand beside each other. */
  readonly isSmall?: boolean
}) {
  const { text, label, isSmall = false } = props
  const [outcome, setOutcome] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (outcome === 'idle') return
    const timer = setTimeout(() => setOutcome('idle'), 2000)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome('copied'),
      () => setOutcome('failed'),
    )
  }
  const words = outcome === 'idle' ? label : outcome === 'copied' ? 'Copied' : 'Could not copy'
  const Icon = outcome === 'copied' ? Check : Copy
  return (
    <button
      type="button"
      className={isSmall ? 'button button-small' : 'button'}
      onClick={copy}
      {...(isSmall ? { 'aria-label': words, title: words } : {})}
    >
      <Icon size={isSmall ? 14 : 16} aria-hidden="true" />
      {!isSmall && words}
    </button>
  )
}
