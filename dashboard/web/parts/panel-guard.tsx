import { Component, type ReactNode } from 'react'

/** A panel that fails says so and offers another try; the rest of the page stays. */
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
    return (
      <div className="failed" role="alert">
        <p>
          {this.props.name} could not be shown: {reason}
        </p>
        <button type="button" className="button" onClick={() => this.setState({ reason: null })}>
          Try again
        </button>
      </div>
    )
  }
}
