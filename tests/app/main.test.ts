import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertSchema } from '../../records/alert.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { sampleCapture } from '../../simulator/sample-capture.ts'
import { temporaryFolder } from '../support/long-capture.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const folder = temporaryFolder()
const capture = join(folder.path, 'ward.pcap')
const packets = sampleCapture(1_767_600_000_000_000)

beforeAll(() => {
  writeFileSync(capture, encodePcap(packets))
  writeFileSync(join(folder.path, 'notes.txt'), 'not a capture')
  writeFileSync(join(folder.path, 'bad.yaml'), 'dashboard:\n  port: high\n')
  writeFileSync(join(folder.path, 'bad.jsonl'), '{"kind":"approve"}\n')
})
afterAll(folder.remove)

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command as a user runs it, in a folder without a configuration. */
function wardwatch(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: folder.path }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}

describe('wardwatch', () => {
  test.each(['run', 'replay', 'flows', 'summaries', 'stats', 'check'])(
    '%s --help tells its use',
    async (command) => {
      const { code, stdout } = await wardwatch(command, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: wardwatch ${command}`)
    },
  )

  test.each([
    { name: 'no such command', args: ['wtach'], says: /unknown command 'wtach'/ },
    { name: 'no file', args: ['replay'], says: /missing required argument 'files'/ },
    {
      name: 'an unknown option',
      args: ['stats', '--jsno', 'ward.pcap'],
      says: /unknown option '--jsno'/,
    },
    {
      name: 'a file that is not there',
      args: ['stats', 'none.pcap'],
      says: /none\.pcap.*INPUT_NOT_FOUND/,
    },
    {
      name: 'a file that is no capture',
      args: ['flows', 'notes.txt'],
      says: /notes\.txt.*CAPTURE_UNSUPPORTED/s,
    },
    {
      name: 'a bad configuration',
      args: ['check', '--config', 'bad.yaml'],
      says: /bad\.yaml:2: dashboard\.port/,
    },
    {
      name: 'two formats',
      args: ['flows', '--json', '--csv', 'ward.pcap'],
      says: /exclude each other/,
    },
    {
      name: 'a bad role',
      args: ['run', '--role', 'cook'],
      says: /ingest, analyzer, alerts, historian, dashboard/,
    },
    {
      name: 'a bad command file',
      args: ['replay', 'ward.pcap', '--control', 'bad.jsonl'],
      says: /bad\.jsonl:1/,
    },
  ])('ends with 2 and says what is wrong: $name', async ({ args, says }) => {
    const { code, stdout, stderr } = await wardwatch(...args)
    expect(stderr).toMatch(says)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test('stats counts what the capture holds', async () => {
    const { code, stdout } = await wardwatch('stats', capture, '--json')
    const stats = JSON.parse(stdout) as { packets: number; bytes: number; rejects: object }
    expect(code).toBe(0)
    expect(stats).toMatchObject({ packets: packets.length, rejects: {} })
    expect(stats.bytes).toBe(packets.reduce((sum, packet) => sum + packet.bytes.length, 0))
  })

  test('flows tells every packet once, in JSON and in CSV', async () => {
    const json = (await wardwatch('flows', capture)).stdout.trim().split('\n')
    const flows = json.map((line) => JSON.parse(line) as { network: { packets: number } })
    const arpPackets = packets.filter(({ bytes }) => bytes[12] === 8 && bytes[13] === 6).length
    const counted = flows.reduce((sum, flow) => sum + flow.network.packets, 0)
    expect(counted).toBe(packets.length - arpPackets)
    const csv = (await wardwatch('flows', '--csv', capture)).stdout.trim().split('\n')
    expect(csv).toHaveLength(flows.length + 1)
    expect(new Set(csv.map((line) => line.split(',').length)).size).toBe(1)
  })

  test('summaries lets no password out', async () => {
    const { stdout } = await wardwatch('summaries', capture)
    const logins = stdout
      .trim()
      .split('\n')
      .filter((line) => line.includes('"event":"login"'))
    expect(logins.length).toBeGreaterThan(14)
    expect(stdout).not.toMatch(/letmein|guess\d/)
  })

  test('replay --json prints one alert a line, the same twice', async () => {
    const first = await wardwatch('replay', '--json', capture)
    const alerts = first.stdout
      .trim()
      .split('\n')
      .map((line) => alertSchema.parse(JSON.parse(line)))
    expect(alerts.map(({ behaviour }) => behaviour)).toEqual(
      expect.arrayContaining(['port-scan', 'login-burst', 'login-after-burst']),
    )
    expect((await wardwatch('replay', '--json', capture)).stdout).toBe(first.stdout)
  })

  test('check --dump prints a configuration that is valid again', async () => {
    const { stdout } = await wardwatch('check', '--dump')
    writeFileSync(join(folder.path, 'dumped.yaml'), stdout)
    const again = await wardwatch('check', '--dump', '--config', 'dumped.yaml')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(parse(again.stdout)).toEqual(parse(stdout))
  })
})
