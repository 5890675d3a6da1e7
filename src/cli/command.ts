import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { version } from '../version.js'
import { askReload, askStatus } from './ask.js'
import { tellFailure } from './failure.js'
import type { StartOptions } from './orders.js'
import { tellRoutes } from './routes.js'
import { start } from './start.js'
import { top } from './top.js'

/** Exit code for a command line that cannot be understood. */
const usageCode = 2

/** The command: reads the command line, and does what it says. */
export async function main(words: readonly string[]): Promise<void> {
  try {
    await makeCommand().parseAsync([...words])
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has told what is wrong, or the help that was asked for.
      process.exitCode = error.exitCode === 0 ? 0 : usageCode
      return
    }
    tellFailure(error)
    process.exit(1)
  }
}

function makeCommand(): Command {
  const command = new Command('hotpress')
    .description('Runs apps of Hotpress, in one process or in many.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(hotpress --help)')
  command
    .command('start')
    .description('run an app until a signal ends it')
    .argument('<app>', 'the file that exports the app: by default, or as `app`')
    .addOption(controlOption('answer probes, Prometheus, `status` and `reload` there'))
    .option('--delay <time>', 'serve on for so long after a signal, unready')
    .option('--drain <time>', 'what is under way has so long after a signal')
    .addOption(new Option('--host <address>', 'the address to listen on').env('HOST').default('127.0.0.1'))
    .option('--pid-file <file>', 'write the process id there, for `reload` and `status`')
    .addOption(
      new Option('--port <number>', 'the port to listen on, 0 for any').env('PORT').default(3000).argParser(portOf),
    )
    .addOption(
      new Option('--transport <name>', 'what serves, whatever the app says').choices(['auto', 'native', 'node', 'uws']),
    )
    .option('--workers <count>', 'how many processes serve: a number, or auto for one a core', workersOf, 1)
    .action((file: string, options: StartOptions) => start(file, options))
  command
    .command('reload')
    .description('replace the workers one after the other, without losing a request')
    .addOption(controlOption('the socket that `start` was given'))
    .option('--pid-file <file>', 'the file that `start` was given')
    .action(askReload)
  command
    .command('routes')
    .description('tell of the routes of an app, in the order in which they are asked')
    .argument('<app>', 'the file that exports the app: by default, or as `app`')
    .option('--json', 'as JSON')
    .action(tellRoutes)
  command
    .command('status')
    .description('tell how the workers are')
    .addOption(controlOption('what `start` was given'))
    .option('--json', 'as JSON')
    .option('--pid-file <file>', 'the file that `start` was given: whether the process runs')
    .action(askStatus)
  command
    .command('top')
    .description('show how the workers are, once a second')
    .addOption(controlOption('what `start` was given'))
    .option('--count <looks>', 'end after so many', looksOf)
    .action(top)
  return command
}

function controlOption(text: string): Option {
  return new Option('--control <where>', `${text}: a port, host:port, or the path of a socket`)
}

function portOf(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.')
}

function looksOf(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It takes a whole number from 1.')
}

function workersOf(value: string): number | 'auto' {
  if (value === 'auto') return 'auto'
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value)
  throw new InvalidArgumentError("It takes a whole number from 1, or 'auto'.")
}
