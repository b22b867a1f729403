import type { Severity } from '../../api.ts'

/** Severity by shape, colour and word: none of them alone. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  return (
    <span className={`severity severity-${severity}`}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        {shapes[severity]}
      </svg>
      {severity}
    </span>
  )
}

const shapes = {
  critical: (
    <>
      <path d="M4.5 2.5 8.7 13.5H.3z" />
      <path d="M11.5 2.5 15.7 13.5H7.3z" opacity="0.75" />
    </>
  ),
  high: <path d="M8 2 14.5 13.5h-13z" />,
  medium: <path d="M8 1.5 14.5 8 8 14.5 1.5 8z" />,
  low: <circle cx="8" cy="8" r="4.5" />,
} as const
