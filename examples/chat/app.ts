import {
  csrf,
  empty,
  file,
  Hotpress,
  type HotpressOptions,
  HttpError,
  json,
  rateLimit,
  type SocketIoServer,
  Status,
} from 'hotpress'
import { serveChat } from './chat.js'
import type { ClientEvents, ServerEvents } from './events.js'
import { Sessions } from './session.js'

/** What the service is made with. */
export interface ChatConfig {
  /** Encrypts the cookies; made anew at each start where it is left out. */
  readonly key?: string
  readonly passphrase: string
}

/** The service, and its sockets. */
export interface Chat {
  readonly app: Hotpress
  readonly io: SocketIoServer<ClientEvents, ServerEvents>
}

const self = "'self'"

/** The service: a page, who is logged in, and the rooms. */
export function createChat({ key, passphrase }: ChatConfig, options: HotpressOptions = {}): Chat {
  const sessions = new Sessions(passphrase, key)
  const app = new Hotpress({
    securityHeaders: {
      recommended: true,
      contentSecurityPolicy: {
        'base-uri': "'none'",
        'connect-src': self,
        'default-src': "'none'",
        'form-action': self,
        'frame-ancestors': "'none'",
        'img-src': self,
        'script-src': self,
        'style-src': self,
      },
    },
    ...options,
  })
  app.use(csrf())

  const io = app.socketio<ClientEvents, ServerEvents>({ maxHttpBufferSize: '32kb' })
  serveChat(io, sessions)

  const folder = new URL('public/', import.meta.url)
  app.get('/', () => file(new URL('index.html', folder)))
  app.static('/public', folder)

  app.get('/session', (req) => {
    const session = sessions.of(req)
    return { name: session?.name ?? null }
  })
  app.post('/session', { bodyLimit: '4kb', use: rateLimit({ limit: 20, window: '1m' }) }, async (req) => {
    const { name, phrase } = credentialsOf(await req.json())
    if (!sessions.isPassphrase(phrase)) {
      throw new HttpError(Status.Unauthorized, 'That is not the passphrase.', { code: 'PASSPHRASE_WRONG' })
    }
    if (sessions.isTaken(name)) {
      throw new HttpError(Status.Conflict, `Somebody here is called ${name} already.`, { code: 'NAME_TAKEN' })
    }
    const session = sessions.create(name)
    req.log.info({ session: session.id }, 'logged in')
    return json({ name })
      .status(Status.Created)
      .cookie(sessions.cookieOf(session, req.protocol === 'https'))
  })
  app.delete('/session', (req) => {
    const session = sessions.of(req)
    if (session !== undefined) io.in(sessions.roomOf(session.id)).disconnectSockets(true)
    return empty().clearCookie(sessions.cookieName, { path: '/' })
  })
  return { app, io }
}

function credentialsOf(body: unknown): { readonly name: string; readonly phrase: string } {
  const { name, passphrase } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const trimmed = typeof name === 'string' ? name.trim().replace(/\s+/g, ' ') : ''
  if (!/^[\p{L}\p{M}\p{N} .'-]{2,24}$/u.test(trimmed)) {
    throw new HttpError(Status.UnprocessableContent, 'A name has 2 to 24 letters, digits or spaces.', {
      code: 'NAME_INVALID',
    })
  }
  return { name: trimmed, phrase: typeof passphrase === 'string' ? passphrase : '' }
}
