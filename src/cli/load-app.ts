import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from './failure.js'

/** An app, as the command sees it: of whichever copy of the package, and of either build. */
export interface RunnableApp {
  run(options: object): Promise<unknown>
}

/** Known to the app's copy of the package: `run()` is not to be called while it is set. */
const loading = Symbol.for('hotpress.loading')

/**
 * The path of a file that is to export an app.
 *
 * @throws Failure where there is none.
 */
export function fileOf(given: string): string {
  const file = path.resolve(given)
  if (!existsSync(file)) throw new Failure(`there is no file ${given}`)
  return file
}

/**
 * Loads the app that a file exports.
 *
 * @throws Failure where it exports none; what the program itself throws.
 */
export async function loadApp(file: string): Promise<RunnableApp> {
  const name = path.relative('', file)
  Reflect.set(globalThis, loading, true)
  let stop = (): void => {}
  // A program that does not wait for what it has begun fails here too.
  const failed = new Promise<never>((_, reject) => {
    process.on('unhandledRejection', reject)
    stop = () => void process.off('unhandledRejection', reject)
  })
  try {
    const imported = import(pathToFileURL(file).href).then(async (found: Readonly<Record<string, unknown>>) => {
      await new Promise(setImmediate)
      return found
    })
    const app = appOf(await Promise.race([imported, failed]))
    if (app !== undefined) return app
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error
    const hint = "install tsx and set NODE_OPTIONS='--import tsx', or compile it"
    throw new Failure(`Node ${process.versions.node} does not read ${name} by itself: ${hint}`)
  } finally {
    stop()
    Reflect.set(globalThis, loading, false)
  }
  throw new Failure(`${name} exports no app: export it by default, or as app (export const app = new Hotpress())`)
}

// A program in CommonJS has all that it exports in its default too.
function appOf(found: Readonly<Record<string, unknown>>): RunnableApp | undefined {
  const inner: unknown = found.default
  const candidates = [inner, found.app]
  if (typeof inner === 'object' && inner !== null) {
    candidates.push(Reflect.get(inner, 'default'), Reflect.get(inner, 'app'))
  }
  return candidates.find(isApp)
}

function isApp(value: unknown): value is RunnableApp {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'run') === 'function'
}
