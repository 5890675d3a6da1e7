import { checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import type { Handler, Middleware } from '../core/types.js'
import { describe, HotpressError, httpError } from '../errors.js'
import globSource from './glob.cjs'
import { isPlain, spellings } from './path-spellings.js'

/** Options of `pathFilter()`. */
export interface PathFilterOptions {
  /** Globs of paths that are let through although a pattern has them. */
  readonly allow?: string | readonly string[]
  /** Globs of paths that are answered as if nothing were there: {@link sensitivePaths} by default. */
  readonly patterns?: string | readonly string[]
}

/** Whether a path is to be answered as if nothing were there. */
export type PathTest = (path: string) => boolean

/**
 * Paths that scanners ask for and nobody serves on purpose: what version control, deployment, editors and shells leave
 * beside the files of a site. Nothing of it is below `/.well-known/` (RFC 8615).
 */
export const sensitivePaths: readonly string[] = Object.freeze([
  '**/*.sql.{bz2,gz,xz,zip,zst}',
  '**/*.{bak,old,orig,pem,sql,sqlite,sqlite3,swo,swp}',
  '**/*~',
  '**/.env*',
  '**/.env*/**',
  '**/.yarnrc*',
  '**/.{DS_Store,dockercfg,htaccess,htpasswd,netrc,npmrc,pgpass,pypirc}',
  '**/.{aws,azure,bzr,docker,git,github,hg,idea,kube,ssh,svn,terraform,vscode}/**',
  '**/.{bash,mysql,psql,zsh}_history',
  '**/.{git-credentials,gitattributes,gitconfig,gitignore,gitlab-ci.yml,gitmodules}',
  '**/phpinfo.php',
  '**/web.config',
  '**/wp-config.php*',
  '**/{private,privkey,server}.key',
])

/**
 * Answers 404 for paths that match a pattern, in whatever spelling: percent-encoded (three times at most), with
 * backslashes, doubled slashes, `;parameters` or dot segments, in upper or lower case. The patterns are globs as picomatch
 * reads them. As the option `pathFilter` of an app the answer is that of any path where nothing is, `onNotFound`
 * included; as middleware it is the standard one.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`. While a request is handled HttpError 404 `NOT_FOUND`.
 * @example
 * app.use(pathFilter({ allow: '/docs/*.bak', patterns: [...sensitivePaths, '/internal/**'] }))
 */
export function pathFilter(options: PathFilterOptions = {}): Middleware {
  return filterPaths(settlePathFilter(options), ({ path }) => {
    throw httpError('NOT_FOUND', { path })
  })
}

/** The middleware of a test that is settled already. */
export function filterPaths(isHidden: PathTest, notFound: Handler): Middleware {
  return function pathFilter(request: HttpRequest, next) {
    const { path } = request
    if (!isHidden(path)) return next()
    request.log.debug({ path }, 'the path filter answered as if nothing were there')
    return notFound(request)
  }
}

/**
 * Checks the options and makes one test of them.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settlePathFilter(options: PathFilterOptions): PathTest {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(options),
      option: 'pathFilter',
      takes: 'true, false or an object',
    })
  }
  const given = checkOptions(options, { allow: globs, patterns: globs }, ' of pathFilter()') as Given
  const { allow = [], patterns = sensitivePaths } = given
  const isOurs = matcher(patterns.filter((glob) => sensitivePaths.includes(glob)))
  const isTheirs = matcher(patterns.filter((glob) => !sensitivePaths.includes(glob)))
  const isAllowed = matcher(allow)
  const test = (path: string): boolean =>
    (isTheirs(path) || (isOurs(path) && !wellKnown.test(path))) && !isAllowed(path)
  // Most paths have none of the marks that every pattern asks for.
  const marks = patterns.every(hasMark) ? /[.~]/ : /^/
  return (path) => {
    if (isPlain(path)) return marks.test(path) && test(path)
    for (const spelling of spellings(path)) if (test(spelling)) return true
    return false
  }
}

// RFC 8615. Theirs is what they name there, ours is nothing.
const wellKnown = /^\/\.well-known\//i

interface Given {
  readonly allow?: readonly string[]
  readonly patterns?: readonly string[]
}

// Whether what a glob matches has a dot or a tilde in it: outside of what stands for one thing or another.
function hasMark(glob: string): boolean {
  const rest = glob.replace(/\{[^{}]*\}/g, '')
  return /[.~]/.test(rest) && !/[[\](){}]/.test(rest)
}

function matcher(patterns: readonly string[]): PathTest {
  if (patterns.length === 0) return () => false
  const expression = new RegExp(patterns.map(globSource).join('|'), 'is')
  return (path) => expression.test(path)
}

function globs(value: unknown, option: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const each of list) {
    const isGlob = typeof each === 'string' && /^(?:\/|\*\*\/)[^\\]*$/.test(each)
    if (!isGlob) invalid(option, each, "globs that begin with / or **/, such as '/internal/**'")
  }
  return list as readonly string[]
}
