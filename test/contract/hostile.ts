import type { TransportName } from '../../src/core/settings.js'
import { Hotpress } from '../../src/index.js'
import { raw } from '../_setup.js'
import { type HostileCase, hostileGroups, type Outcome, smuggledPath } from './corpus.js'

/** How the bytes of a case are sent. */
export interface Sending {
  /** Whether a further request follows a case that must be refused. */
  readonly isFollowed?: boolean
  readonly parts: readonly Buffer[]
  /** How often the case is in the parts. */
  readonly times?: number
}

interface Answer {
  readonly closed: boolean
  readonly statuses: readonly number[]
}

// One app with one client at a time, so that it is known which case ran the handler that nobody may run.
interface Lane {
  readonly app: Hotpress
  readonly port: number
  smuggled: number
}

/** The request that nobody may be made to run. */
export const follower: Buffer = Buffer.from(`GET ${smuggledPath} HTTP/1.1\r\nHost: h\r\n\r\n`)

/** A case's bytes. */
export function bytesOf({ request }: HostileCase): Buffer {
  return Buffer.from(request, 'latin1')
}

/**
 * Runs the corpus against an app on one transport, several cases at a time.
 *
 * @param sendings the ways in which a case is sent; none to leave it out.
 * @param judge gives what is wrong with the answer, or undefined.
 * @param quiet milliseconds of silence after which an answer is over; whatever looks wrong is tried again with more.
 * @returns what was wrong, and how many were sent.
 */
export async function runCorpus(
  transport: TransportName,
  groupName: string,
  sendings: (each: HostileCase) => readonly Sending[],
  judge: (outcome: Outcome, answer: Answer, sending: Sending, each: HostileCase) => string | undefined,
  { lanes: count = 8, quiet = 60 }: { readonly lanes?: number; readonly quiet?: number } = {},
): Promise<{ readonly sent: number; readonly wrong: readonly string[] }> {
  const jobs = hostileGroups
    .filter(({ name }) => name === groupName)
    .flatMap(({ cases }) => cases.flatMap((each) => sendings(each).map((sending) => ({ each, sending }))))
  const sent = jobs.length
  const wrong: string[] = []
  const lanes = await Promise.all(Array.from({ length: count }, () => openLane(transport)))
  try {
    await Promise.all(
      lanes.map(async (lane) => {
        for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
          const problem = await runCase(
            lane,
            job.each,
            job.sending,
            (answer) => judge(job!.each[transport], answer, job!.sending, job!.each),
            quiet,
          )
          if (problem !== undefined) wrong.push(`${job.each.name}: ${problem}`)
        }
      }),
    )
  } finally {
    await Promise.all(lanes.map(({ app }) => app.close()))
  }
  return { sent, wrong }
}

async function runCase(
  lane: Lane,
  each: HostileCase,
  sending: Sending,
  judge: (answer: Answer) => string | undefined,
  quiet: number,
): Promise<string | undefined> {
  lane.smuggled = 0
  let problem = judge(await send(lane.port, sending.parts, quiet))
  // On a busy machine silence may be only slowness; and an answer may linger a second before its connection is closed.
  if (problem !== undefined) problem = judge(await send(lane.port, sending.parts, 1500))
  if (lane.smuggled > 0) return `ran the handler of ${smuggledPath} (${each.section})`
  const { statuses } = await send(
    lane.port,
    [Buffer.from('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')],
    5000,
  )
  return statuses[0] === 200 ? problem : 'the server no longer answers'
}

async function send(port: number, parts: readonly Buffer[], quiet: number): Promise<Answer> {
  const { closed, text } = await raw(port, parts, quiet)
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  return { closed, statuses: statuses.filter((status) => status >= 200) }
}

async function openLane(transport: TransportName): Promise<Lane> {
  const app = new Hotpress({ logger: false, transport })
  app.get('/', () => 'root')
  app.post('/echo', (req) => req.bytes())
  app.post('/small', { bodyLimit: 8 }, (req) => req.bytes())
  app.get(smuggledPath, () => {
    lane.smuggled++
    return 'smuggled'
  })
  app.onNotFound(() => 'anything')
  const { port } = await app.listen()
  const lane: Lane = { app, port, smuggled: 0 }
  return lane
}
