import { useEffect, useRef } from 'react'

type Handlers = Readonly<Record<string, () => void>>

/** How long the second key of a pair may take, ms. */
const pairMs = 1500

/** What every part that is on the page listens for, the newest last. */
const layers: { current: Handlers }[] = []
let first = { key: '', ms: -Infinity }

/**
 * Calls the handler of a key pressed anywhere but in a field or a dialog, without Ctrl, Alt or Meta. `g d` is a pair:
 * one key after the other. Of two parts that listen for one key, the one that came last is told.
 */
export function useKeys(handlers: Handlers): void {
  const layer = useRef(handlers)
  useEffect(() => {
    layer.current = handlers
  })
  useEffect(() => {
    if (layers.length === 0) addEventListener('keydown', onKey)
    layers.push(layer)
    return () => {
      layers.splice(layers.indexOf(layer), 1)
      if (layers.length === 0) removeEventListener('keydown', onKey)
    }
  }, [])
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || isField(event.target)) return
  const { key, timeStamp } = event
  const pair = timeStamp - first.ms < pairMs ? handlerOf(`${first.key} ${key}`) : undefined
  const startsPair = layers.some(({ current }) =>
    Object.keys(current).some((name) => name.startsWith(`${key} `)),
  )
  first = pair === undefined && startsPair ? { key, ms: timeStamp } : { key: '', ms: -Infinity }
  const handler = pair ?? handlerOf(key)
  if (handler === undefined) return
  event.preventDefault()
  handler()
}

function handlerOf(name: string): (() => void) | undefined {
  return layers.findLast(({ current }) => Object.hasOwn(current, name))?.current[name]
}

/** Keys in a field belong to the field; a box that is ticked takes the space bar only. */
function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.closest('input:not([type=checkbox]), textarea, select, dialog') !== null
}
