import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { backUp } from '../backup/backup.ts'
import { readArchive } from '../backup/archive-reader.ts'
import { restore } from '../backup/restore.ts'
import { type Config, storePath } from '../config.ts'
import { writeLine } from '../output.ts'
import { configFrom, configOption, defaultConfigFile } from './options.ts'

export function backupCommand(): Command {
  return new Command('backup')
    .description('Copies state, history, evidence and configuration, also while the service runs.')
    .argument('<file>', 'the archive to write; it must not exist yet')
    .addOption(configOption())
    .option('--data <dir>', 'folder of everything that is kept')
    .action(async (file: string, options: { config?: string; data?: string }) => {
      const config = withData(configFrom(options.config), options.data)
      const { files, sha256, missing, damaged } = await backUp({
        path: file,
        data: config.data,
        state: storePath(config),
        configuration: options.config ?? (existsSync(defaultConfigFile) ? defaultConfigFile : null),
        nowMs: Date.now(),
      })
      for (const name of missing) warn(`${name} is not there; the history has a gap`)
      for (const name of damaged)
        warn(`${name} is not what was sealed; it is in the backup as it is`)
      await writeLine(`${file}: ${files} files, manifest SHA-256 ${sha256}`)
    })
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('Restores a backup into a new folder, once everything in it has been checked.')
    .argument('<file>', 'the archive')
    .requiredOption('--data <dir>', 'folder that does not exist or is empty')
    .action(async (file: string, options: { data: string }) => {
      const { created, files } = await restore(file, options.data)
      await writeLine(`${options.data}: ${files.length} files of ${created}`)
    })
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description('Checks a backup without restoring it.')
    .argument('<file>', 'the archive')
    .action(async (file: string) => {
      const { manifest, sha256 } = await readArchive(file, null)
      const { created, files } = manifest
      await writeLine(`${file}: ${files.length} files of ${created}, manifest SHA-256 ${sha256}`)
    })
}

function withData(config: Config, data: string | undefined): Config {
  if (data === undefined) return config
  return { ...config, data, store: { ...config.store, path: undefined } }
}

function warn(text: string): void {
  process.stderr.write(`wardwatch: ${text}\n`)
}
