/** Lets several waiters sleep until something changes; they look again for themselves. */
export interface Signal {
  wait(): Promise<void>
  notify(): void
}

export function createSignal(): Signal {
  let next = Promise.withResolvers<undefined>()
  return {
    wait: () => next.promise,
    notify() {
      next.resolve(undefined)
      next = Promise.withResolvers()
    },
  }
}
