import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

// The picture in docs/architecture.md: a layer may import itself and those named here, and nothing else.
const layers: Readonly<Record<string, readonly string[]>> = {
  app: ['app-definition', 'core', 'lifecycle', 'listeners', 'observability', 'option-types', 'run', 'transports'],
  'app-definition': [
    'core',
    'errors',
    'host',
    'middleware',
    'observability',
    'option-types',
    'options',
    'realtime',
    'routing',
    'transports',
  ],
  bodies: ['core', 'errors'],
  cli: ['core', 'errors', 'lifecycle', 'native', 'observability', 'version'],
  compression: ['core', 'errors', 'native'],
  core: ['errors'],
  dispatcher: ['core', 'errors', 'files', 'fixed', 'middleware', 'routing'],
  errors: [],
  files: ['core', 'errors'],
  fixed: ['core', 'errors', 'native', 'routing'],
  host: [
    'bodies',
    'compression',
    'core',
    'dispatcher',
    'files',
    'fixed',
    'middleware',
    'realtime',
    'routing',
    'transports',
  ],
  index: [
    'app',
    'compression',
    'core',
    'errors',
    'files',
    'lifecycle',
    'listeners',
    'middleware',
    'observability',
    'option-types',
    'realtime',
    'routing',
    'transports',
  ],
  lifecycle: ['core', 'errors'],
  'listen-options': ['core', 'lifecycle', 'option-types', 'redirect', 'transports'],
  listeners: ['core', 'errors', 'listen-options', 'option-types', 'redirect', 'routing', 'transports'],
  middleware: ['core', 'errors'],
  native: ['core', 'errors'],
  observability: ['core', 'errors'],
  'option-types': ['compression', 'core', 'lifecycle', 'middleware', 'observability', 'transports'],
  options: ['compression', 'core', 'errors', 'lifecycle', 'middleware', 'observability', 'option-types', 'version'],
  otel: ['core', 'errors'],
  realtime: ['core', 'errors'],
  redirect: ['core', 'errors', 'routing', 'transports'],
  routing: ['core', 'errors', 'native'],
  run: ['core', 'errors', 'lifecycle', 'listen-options', 'native', 'observability', 'option-types', 'transports'],
  'socketio-client': ['core', 'errors'],
  transports: ['core', 'errors', 'native'],
  version: [],
}

// Nothing else of a layer reaches the native core, or names its types.
const mayReachNative = [
  'cli/start-workers.ts',
  'compression/decode.ts',
  'compression/encode.ts',
  'fixed.ts',
  'routing/matcher.ts',
  'run.ts',
  'transports/native-listen.ts',
  'transports/native-owner.ts',
  'transports/native-server.ts',
  'transports/native.ts',
  'transports/transport.ts',
  'transports/uws-server.ts',
]

const source = 'src'
const files = readdirSync(source, { encoding: 'utf8', recursive: true })
  .filter((file) => /\.c?ts$/.test(file))
  .sort()

interface Import {
  readonly from: string
  readonly isType: boolean
  readonly to: string
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(source, file), 'utf8')
  const pattern = /(?:^|\n)(?:import|export)\s+(type\s)?[^'";]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/g
  return [...text.matchAll(pattern)].map((match) => {
    const target = path.posix.join(path.posix.dirname(file), match[2] ?? match[3]!)
    return { from: file, isType: match[1] !== undefined, to: target.replace(/\.(c?)js$/, '.$1ts') }
  })
}

const layerOf = (file: string): string => file.split('/')[0]!.replace(/\.ts$/, '')
const imports = files.flatMap(importsOf)

describe('the structure of src', () => {
  it('has a place in the picture for every file', () => {
    assert.deepEqual(
      files.filter((file) => layers[layerOf(file)] === undefined),
      [],
    )
  })

  it('imports in one direction only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [layerOf(from), layerOf(to)]
      return here !== there && !layers[here]!.includes(there)
    })
    assert.deepEqual(wrong, [])
  })

  it('imports files that are there', () => {
    assert.deepEqual(
      imports.filter(({ to }) => !files.includes(to)),
      [],
    )
  })

  it('reaches the native core from few places', () => {
    const reaching = imports.filter(({ from, to }) => layerOf(to) === 'native' && layerOf(from) !== 'native')
    assert.deepEqual([...new Set(reaching.map(({ from }) => from))], mayReachNative)
  })

  it('has no import cycle, types included', () => {
    const graph = new Map(files.map((file) => [file, imports.filter(({ from }) => from === file).map(({ to }) => to)]))
    const done = new Set<string>()
    const cycles: string[][] = []
    function visit(file: string, trail: readonly string[]): void {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file])
      if (trail.includes(file) || done.has(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    assert.deepEqual(cycles, [])
  })

  it('keeps files within a screen or a few', () => {
    const long = files.filter((file) => readFileSync(path.join(source, file), 'utf8').split('\n').length > 300)
    assert.deepEqual(long, [])
  })
})
