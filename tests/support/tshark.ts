import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Output of tshark, the independent dissector of the differential tests: no name resolution, no reassembly prompts.
 * Rejects when tshark is not installed or refuses the arguments; a damaged capture is no failure.
 */
export async function tshark(path: string, ...options: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('tshark', ['-n', '-r', path, ...options], {
      maxBuffer: 256 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    // Exit code 2 with output: the file is cut or damaged somewhere, and everything before that has been printed.
    if (error instanceof Error && 'stdout' in error && 'code' in error && error.code === 2)
      return String(error.stdout)
    throw new Error(`tshark failed on ${path}; capture tests need tshark 4 on the PATH`, {
      cause: error,
    })
  }
}
