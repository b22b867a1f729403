/** What a live connection needs of its socket; a `ws` WebSocket fits. */
export interface Line {
  /** Bytes handed to the socket and not yet taken by the kernel. */
  readonly bufferedAmount: number
  send(frame: string): void
  close(code: number, reason: string): void
  terminate(): void
}

export interface LiveClient {
  /** `joining` until the page has said what it knows; `behind` while its socket is full. */
  readonly state: 'joining' | 'in step' | 'behind' | 'closed'
  /** The page is told everything from here on. */
  join(): void
  /** Sends a frame to a page in step, or falls behind. A page that is behind gets nothing until it is refreshed. */
  send(frame: string): void
  /** Call every second. `refresh`: the socket has drained, send a snapshot and what follows. */
  tick(): 'refresh' | 'wait'
  /** Any word of the page, ping or pong. False when it talks too much: it is then closed. */
  heard(isPong: boolean): boolean
  close(code: number, reason: string): void
}

/** Bytes that may wait in one socket, the frame to be sent among them. */
export const bufferBytesMax = 1024 * 1024
/** A page is refreshed when no more than this waits. */
const drainedBytes = 64 * 1024
/** Seconds a page may take to drain, to say what it knows, and to answer a ping. */
const behindSecondsMax = 15
const joinSecondsMax = 10
const silentSecondsMax = 45
/** Seconds a closing handshake may take. */
const closeSecondsMax = 5
/** Frames and pings of a page in one second. */
const heardPerSecondMax = 20

/** WebSocket close codes, RFC 6455 §7.4.1 and the IANA registry: 1008 policy violation, 1013 try again later. */
export const closeCode = { goingAway: 1001, policy: 1008, tryAgain: 1013 } as const

/**
 * One page on the live feed: bounds what waits for it, and lets go of it when it does not keep up. Counts seconds by
 * its ticks, so it needs no clock.
 */
export function createLiveClient(line: Line): LiveClient {
  let state: LiveClient['state'] = 'joining'
  let stateSeconds = 0
  let silentSeconds = 0
  let heardThisSecond = 0

  function enter(next: LiveClient['state']): void {
    if (state === 'closed') return
    state = next
    stateSeconds = 0
  }

  function close(code: number, reason: string): void {
    if (state === 'closed') return
    enter('closed')
    line.close(code, reason)
  }

  return {
    get state() {
      return state
    },
    join: () => enter('in step'),
    send: (frame) => {
      if (state !== 'in step') return
      if (line.bufferedAmount + Buffer.byteLength(frame) > bufferBytesMax) enter('behind')
      else line.send(frame)
    },
    tick: () => {
      stateSeconds++
      silentSeconds++
      heardThisSecond = 0
      if (state === 'closed') {
        if (stateSeconds > closeSecondsMax) line.terminate()
        return 'wait'
      }
      // Half open: the other side is gone and no close frame can reach it.
      if (silentSeconds > silentSecondsMax) {
        enter('closed')
        line.terminate()
      } else if (state === 'joining' && stateSeconds > joinSecondsMax) {
        close(closeCode.policy, 'said nothing')
      } else if (state === 'behind') {
        if (line.bufferedAmount <= drainedBytes) return 'refresh'
        if (stateSeconds > behindSecondsMax) close(closeCode.tryAgain, 'too slow')
      }
      return 'wait'
    },
    heard: (isPong) => {
      silentSeconds = 0
      if (isPong || ++heardThisSecond <= heardPerSecondMax) return true
      close(closeCode.policy, 'too many messages')
      return false
    },
    close,
  }
}
