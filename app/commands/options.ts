import { existsSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { type Config, loadConfig, parseConfig } from '../config.ts'

/** Read when it is there and no other is named. */
export const defaultConfigFile = 'wardwatch.yaml'

export const configOption = () =>
  new Option('--config <file>', `configuration (default: ${defaultConfigFile} if there is one)`)

export const jsonOption = (what: string) => new Option('--json', what)

/** The named configuration, the one of this folder, or the defaults. */
export function configFrom(file: string | undefined): Config {
  const path = file ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined)
  return path === undefined ? parseConfig({}) : loadConfig(path)
}

/** The value of --port. */
export function portFrom(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a number from 0 to 65535')
  return port
}
