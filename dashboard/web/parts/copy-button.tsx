import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

/** Copies a text and says so for two seconds. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
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
  const Icon = outcome === 'copied' ? Check : Copy
  return (
    <button type="button" className="button" onClick={copy}>
      <Icon size={16} aria-hidden="true" />
      {outcome === 'idle' ? label : outcome === 'copied' ? 'Copied' : 'Could not copy'}
    </button>
  )
}
