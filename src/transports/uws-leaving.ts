import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

// What the system knows of connections (proc(5)): of each line the address here, and after two more fields the state and
// the inode, which is 0 where the process has closed it.
const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
const line = /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} (\d\d) (?:\S+ +){5}(\d+) /gm

/** This side has ended the connection, and the other has not. */
const halfClosed = ['04', '05']

/** Milliseconds between two looks: at first, and at most. */
const firstPause = 5
const longestPause = 50

/**
 * Resolves when the clients have closed all that was closed to them on a port. The library tells of that no more when it
 * has sent its own close frame; on Linux the system does. Elsewhere, and where clients do not close, it takes all the time
 * that they are given.
 *
 * @param deadline milliseconds of `performance.now()`.
 */
export async function whenLeft(port: number, deadline: number): Promise<void> {
  for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
    const isLeft = await hasLeft(port)
    const rest = deadline - performance.now()
    if (isLeft === true || rest <= 0) return
    await sleep(isLeft === undefined ? rest : Math.min(pause, rest))
  }
}

/** @returns undefined where nobody can say. */
async function hasLeft(port: number): Promise<boolean | undefined> {
  const name = port.toString(16).toUpperCase().padStart(4, '0')
  let isKnown = false
  for (const table of tables) {
    // One of the two is not there where the system does not speak that version.
    const text = await readFile(table, 'latin1').catch(() => '')
    isKnown ||= text !== ''
    for (const [, here, state, inode] of text.matchAll(line)) {
      if (here === name && halfClosed.includes(state!) && inode !== '0') return false
    }
  }
  return isKnown ? true : undefined
}
