// RFC 854, "TELNET COMMAND STRUCTURE":
//
//   | IAC 255 | WILL 251, WONT 252, DO 253, DONT 254 | option: 8 |
//   | IAC 255 | SB 250 | option: 8 | parameters … | IAC 255 | SE 240 |      RFC 855
//   | IAC 255 | IAC 255 |      the data byte 255
//   | IAC 255 | another command: 8 |

export const telnetCommand = { se: 240, sb: 250, will: 251, dont: 254, iac: 255 } as const

/** Takes the commands out of one side's stream, whatever pieces it comes in. Keeps one number. */
export interface TelnetFilter {
  /** The data byte that `byte` completes, or −1 when it belongs to a command. */
  take(byte: number): number
}

const state = { data: 0, command: 1, option: 2, parameters: 3, parametersCommand: 4 } as const

export function createTelnetFilter(): TelnetFilter {
  let now: (typeof state)[keyof typeof state] = state.data
  return {
    take(byte) {
      switch (now) {
        case state.data:
          if (byte !== telnetCommand.iac) return byte
          now = state.command
          return -1
        case state.command:
          if (byte === telnetCommand.sb) now = state.parameters
          else if (byte >= telnetCommand.will && byte <= telnetCommand.dont) now = state.option
          else now = state.data
          return byte === telnetCommand.iac ? byte : -1
        case state.option:
          now = state.data
          return -1
        case state.parameters:
          if (byte === telnetCommand.iac) now = state.parametersCommand
          return -1
        case state.parametersCommand:
          now = byte === telnetCommand.se ? state.data : state.parameters
          return -1
      }
    },
  }
}

/** Characters before a colon that are looked at: longer prompts there are not. */
export const promptMax = 64

/** ECMA-48 §5.4, control sequences: terminals are cleared and coloured around a prompt. */
const screenControl = /\u001b\[[0-9;?]*[a-z]/g

/** What a server's text up to here asks for. */
export type Prompt = 'user' | 'password' | 'new-password' | null

/** @param line what a line has so far, in lower case, up to and including a colon; `promptMax` characters are enough. */
export function promptOf(line: string): Prompt {
  const tail = line.replace(screenControl, '')
  if (/new (unix |)password ?:$/.test(tail)) return 'new-password'
  if (/(^|[^a-z])(password|passcode|passwd)[^:\n]{0,24}:$/.test(tail)) return 'password'
  if (/(last|successful|failed|previous)[ a-z]{0,24}login ?:$/.test(tail)) return null
  if (/(^|[^a-z])(login|login name|user ?name)( ?\([^)]{0,24}\))? ?:$/.test(tail)) return 'user'
  return /^[^a-z]{0,24}(user|userid|user id|account) ?:$/.test(tail) ? 'user' : null
}

/** Whether text without a line end looks like the prompt of a shell: `# `, `pump$ `, `router>`, `host% `. */
export function isShellPrompt(tail: string): boolean {
  return /[#$>] ?$/.test(tail) || /[a-z0-9\])]% ?$/.test(tail)
}

/** What a whole line after a password says: logins that failed earlier are told to those who succeed. */
export function judgeLine(line: string): 'success' | 'failure' | null {
  if (/last (failed |successful |unsuccessful |)login|since the last/.test(line)) return 'success'
  if (
    /incorrect|invalid|denied|fail(ed|ure)|bad password|wrong|refused|reject|no such user/.test(
      line,
    )
  ) {
    return 'failure'
  }
  return /welcome|logged in|login successful/.test(line) ? 'success' : null
}
