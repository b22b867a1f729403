import { Search, X } from 'lucide-react'
import { useRef } from 'react'
import { severities } from '../../api.ts'
import {
  defaultQuery,
  fieldOf,
  formatQuery,
  parseQuery,
  termInWords,
  withField,
  withoutTerm,
} from '../data/alert-query.ts'
import { setParams } from '../data/route.ts'
import { presets } from '../data/time-range.ts'
import { useKeys } from './use-keys.ts'

/** What the list shows, all of it in the address: time, severity, status, and words; each condition a chip. */
export function FilterBar(props: { readonly query: string; readonly range: string }) {
  const { query, range } = props
  const input = useRef<HTMLInputElement>(null)
  useKeys({ '/': () => input.current?.select() })
  const setQuery = (next: string) => setParams({ q: next === defaultQuery ? null : next })
  const terms = parseQuery(query)
  const add = (text: string) => setQuery(formatQuery([...terms, ...parseQuery(text)]))
  return (
    <div className="filters" role="search">
      <Choice
        label="Time"
        value={range}
        onChange={(value) => setParams({ t: value === '' ? null : value })}
        options={[
          ['', 'any time'],
          ...Object.entries(presets).map(([id, p]) => [id, p.label] as const),
        ]}
      />
      <Choice
        label="Severity"
        value={fieldOf(query, 'severity') ?? ''}
        onChange={(value) => setQuery(withField(query, 'severity', value || null))}
        options={[
          ['', 'any severity'],
          ...severities
            .slice(1)
            .map((each) => [each, each === 'critical' ? each : `≥ ${each}`] as const),
        ]}
      />
      <Choice
        label="Status"
        value={fieldOf(query, 'status') ?? ''}
        onChange={(value) => setQuery(withField(query, 'status', value || null))}
        options={[
          ['', 'any status'],
          ['open', 'not closed'],
          ['new', 'new'],
          ['acknowledged', 'acknowledged'],
          ['in progress', 'in progress'],
          ['closed', 'closed'],
        ]}
      />
      <label className="search">
        <Search size={16} aria-hidden="true" />
        <span className="for-readers">Search</span>
        <SearchField input={input} onAdd={add} />
        <kbd>/</kbd>
      </label>
      {terms.map((term, index) =>
        // Choices above say these already.
        (term.field === 'severity' || term.field === 'status') && !term.isExcluded ? null : (
          <button
            key={index}
            type="button"
            className="chip"
            onClick={() => setQuery(withoutTerm(query, index))}
            aria-label={`Remove filter: ${termInWords(term)}`}
          >
            {termInWords(term)}
            <X size={12} aria-hidden="true" />
          </button>
        ),
      )}
    </div>
  )
}

/** What is typed becomes a chip on Enter; chips and choices are one query. */
function SearchField(props: {
  readonly input: { current: HTMLInputElement | null }
  readonly onAdd: (text: string) => void
}) {
  const { input, onAdd } = props
  return (
    <input
      ref={input}
      type="text"
      className="search-field"
      placeholder="filter: name, address, site:north, -device:ws-14 …"
      spellCheck={false}
      autoComplete="off"
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
        if (event.key !== 'Enter') return
        onAdd(event.currentTarget.value)
        event.currentTarget.value = ''
      }}
    />
  )
}

export function Choice(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly options: readonly (readonly [string, string])[]
}) {
  const { label, value, onChange, options } = props
  const isKnown = options.some(([id]) => id === value)
  return (
    <select
      className="choice"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {!isKnown && <option value={value}>{value}</option>}
      {options.map(([id, text]) => (
        <option key={id} value={id}>
          {text}
        </option>
      ))}
    </select>
  )
}
