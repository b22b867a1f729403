/** What the files of a new detector are called and hold, and how the two lists change. */
export function scaffold(name: string): {
  readonly files: Readonly<Record<string, string>>
  addToIndex(index: string): string
  addToBehaviours(source: string): string
}
