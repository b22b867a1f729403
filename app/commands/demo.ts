import { Command, InvalidArgumentError } from 'commander'
import { demoDefaults } from '../demo.ts'
import { roles } from '../config.ts'
import { configOption, portFrom } from './options.ts'
import { run } from './run.ts'

interface Options {
  config?: string
  port?: number
  data?: string
  days: number
  seed: number
  attackAfter: number
}

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Learns days of a simulated ward, then watches it live: now and then there is an attack.',
    )
    .addOption(configOption())
    .option('--port <number>', 'port of the page; 0 takes a free one', portFrom)
    .option('--data <dir>', 'folder of everything that is kept; nothing is kept by default')
    .option('--days <number>', 'days of history to learn from', numberFrom, demoDefaults.days)
    .option(
      '--seed <number>',
      'another seed gives another course of events',
      numberFrom,
      demoDefaults.seed,
    )
    .option(
      '--attack-after <seconds>',
      'seconds of the present until the first attack',
      numberFrom,
      demoDefaults.attackAfterSeconds,
    )
    .action(({ days, seed, attackAfter, ...options }: Options) =>
      run({
        ...options,
        role: [...roles],
        demo: { days, seed, attackAfterSeconds: attackAfter },
      }),
    )
}

function numberFrom(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !(number >= 0)) throw new InvalidArgumentError('a number from 0 on')
  return number
}
