import { Component, type ReactNode } from 'react'

/**
 * A panel that fails says so and offers another try; the rest of the page stays. What is loaded when it is needed may be
 * gone once the server has a newer page: then only loading the page anew helps.
 */
export class PanelGuard extends Component<
  { readonly name: string; readonly children: ReactNode },
  { readonly reason: string | null }
> {
  override state: { readonly reason: string | null } = { reason: null }

  static getDerivedStateFromError(error: unknown) {
    return { reason: error instanceof Error ? error.message : 'unknown' }
  }

  override render() {
    const { reason } = this.state
    if (reason === null) return this.props.children
    const isOld = reason.includes('dynamically imported module')
    return (
      <div className="failed" role="alert">
        <p>
          {isOld
            ? 'The server has a newer version of this page.'
            : `${this.props.name} could not be shown: ${reason}`}
        </p>
        <button
          type="button"
          className="button"
          onClick={() => (isOld ? location.reload() : this.setState({ reason: null }))}
        >
          {isOld ? 'Load it' : 'Try again'}
        </button>
      </div>
    )
  }
}
