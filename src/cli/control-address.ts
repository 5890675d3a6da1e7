import path from 'node:path'
import type { ControlSettings } from '../lifecycle/workers-options.js'
import { Failure } from './failure.js'

/**
 * Where `--control` says: a port of this machine, `host:port`, or the path of a socket (which has a slash in it).
 *
 * @throws Failure
 */
export function controlAddress(text: string): ControlSettings {
  if (/[/\\]/.test(text)) return { path: text.startsWith('\\\\') ? text : path.resolve(text) }
  const [, host = '127.0.0.1', port] = /^(?:\[?(.+?)\]?:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new Failure(`--control takes a port, host:port or the path of a socket such as ./app.sock, and got ${text}`)
  }
  return { host, port: Number(port) }
}
