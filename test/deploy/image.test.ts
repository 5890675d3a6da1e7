// The Dockerfile: what stands in it, and its steps taken here one by one, since no daemon is here to take them.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DockerfileParser } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { freePort, run, temporaryFolder } from '../interop/_programs.js'
import { until } from '../transports/_server.js'
import { buildImage, filesOf, type Image, isIgnored } from './_image.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const dockerfile = readFileSync(path.join(root, 'deploy/Dockerfile'), 'utf8')
const ignore = readFileSync(path.join(root, 'deploy/Dockerfile.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

describe('the Dockerfile', () => {
  const parsed = DockerfileParser.parse(dockerfile)

  test('has nothing that a linter finds', () => {
    assert.deepEqual(validate(dockerfile), [])
  })

  test('has stages of one base, whose versions are named', () => {
    const froms = parsed.getFROMs()
    assert.deepEqual(
      froms.map((from) => [from.getImage(), from.getBuildStage()]),
      [
        ['node:22-bookworm-slim', 'base'],
        ['base', 'build'],
        ['base', null],
      ],
    )
  })

  test('lets nothing into the build but what it takes', () => {
    for (const file of ['.env', '.git/config', '.npmrc', 'dist/main.js', 'node_modules/a/index.js', 'src/a.test.ts']) {
      assert.equal(isIgnored(file, ignore), true, file)
    }
    for (const file of ['package-lock.json', 'package.json', 'src/app.ts', 'src/a/b.ts', 'tsconfig.json']) {
      assert.equal(isIgnored(file, ignore), false, file)
    }
  })
})

const isRoot = process.getuid?.() === 0

// Some containers may not mount.
const mounts = [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  'mount -o remount,bind,ro / && exec "$@"',
  'sh',
]
const mayMount = isRoot && spawnSync(mounts[0]!, [...mounts.slice(1), 'true']).status === 0

function confined(user: string): readonly string[] {
  const [uid, gid] = user.split(':')
  const limits = ['--no-new-privs', '--bounding-set=-all', '--clear-groups', `--regid=${gid}`, `--reuid=${uid}`]
  return [...(mayMount ? mounts : []), 'setpriv', ...limits]
}

const unreachable = /EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENOTFOUND|ETIMEDOUT/

describe('the image', { skip: process.platform !== 'linux' && 'it is one of Linux', timeout: 300_000 }, () => {
  const folder = temporaryFolder()
  let image: Image | undefined
  let missing = ''
  before(async () => {
    // For the user that the image has.
    chmodSync(folder, 0o755)
    const context = path.join(folder, 'context')
    cpSync(path.join(root, 'deploy/example'), context, { recursive: true })
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { folder: root })
    assert.equal(packed.status, 0, packed.stderr)
    const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'))
    const manifest = JSON.parse(readFileSync(path.join(context, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    manifest.dependencies.hotpress = `file:../${archive}`
    writeFileSync(path.join(context, 'package.json'), JSON.stringify(manifest))
    const words = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund']
    const locked = await run('npm', words, { folder: context, timeout: 180_000 })
    if (unreachable.test(locked.stderr) && process.env.CI !== 'true') {
      missing = `npm's registry cannot be reached: ${locked.stderr.split('\n', 1)[0]}`
      return
    }
    assert.equal(locked.status, 0, locked.stderr)
    // Where npm looks for the archive from each stage.
    const stages = path.join(folder, 'stages')
    for (const stage of ['stage-0', 'stage-1']) {
      mkdirSync(path.join(stages, stage), { recursive: true })
      copyFileSync(path.join(folder, archive!), path.join(stages, stage, archive!))
    }
    assert.deepEqual(filesOf(context, ignore), [
      'package-lock.json',
      'package.json',
      'src/app.ts',
      'src/main.ts',
      'src/settings.ts',
      'tsconfig.json',
    ])
    image = await buildImage(dockerfile, context, ignore, stages)
    // The image has Node where everybody may run it.
    mkdirSync(path.join(folder, 'bin'))
    copyFileSync(process.execPath, path.join(folder, 'bin/node'))
  })

  const children: ChildProcess[] = []
  after(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  /** Runs a command as a container would: as its user, and where that can be done with nothing to write to. */
  const start = (words: readonly string[], port: number): ChildProcess => {
    const { env, user } = image!
    const [command, ...rest] = isRoot
      ? [...confined(user), path.join(folder, 'bin', words[0]!), ...words.slice(1)]
      : words
    const child = spawn(command!, rest, {
      cwd: image!.at('.'),
      env: { ...env, PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin`, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  const healthcheck = async (port: number): Promise<number> => {
    const [code] = await once(start(image!.healthcheck, port), 'exit')
    return code as number
  }

  test('has the program, what it needs to run, and no more', (t) => {
    if (image === undefined) return t.skip(missing)
    assert.deepEqual(readdirSync(image.at('.')).sort(), ['dist', 'node_modules', 'package.json'])
    const packages = readdirSync(image.at('node_modules'))
    assert.ok(packages.includes('hotpress') && packages.includes('ioredis'))
    assert.ok(!packages.includes('typescript'))
    const binaries = readdirSync(image.at('node_modules/hotpress/prebuilds'), { encoding: 'utf8', recursive: true })
    const platform = `${process.platform}-${process.arch}`
    const own = binaries.filter((file) => file.endsWith('.node'))
    assert.ok(own.length > 0 && own.every((file) => file.startsWith(platform)), own.join())
    return undefined
  })

  test('says what runs it', (t) => {
    if (image === undefined) return t.skip(missing)
    assert.deepEqual([image.cmd[0], image.cmd.at(-1)], ['node', 'dist/main.js'])
    assert.deepEqual([image.env.NODE_ENV, image.env.PORT, image.exposed], ['production', '3000', ['3000']])
    assert.equal(image.stopSignal, 'SIGTERM')
    assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/)
    return undefined
  })

  test('serves as a user that can write nothing, tells its health, and drains', async (t) => {
    if (image === undefined) return t.skip(missing)
    const port = await freePort()
    assert.equal(await healthcheck(port), 1)
    const child = start(image.cmd, port)
    let log = ''
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      log += part
    })
    const ended = once(child, 'exit')
    await until(() => log.includes('listening on'), 'an app that listens', 20_000)
    assert.match(log, /"native":"native"/)
    assert.equal(await healthcheck(port), 0)

    // A request that is under way when the container is stopped.
    let rest: (() => void) | undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('ab'))
        rest = () => {
          controller.enqueue(Buffer.from('cd'))
          controller.close()
        }
      },
    })
    const init = { body, duplex: 'half', method: 'POST' } as const
    const answer = fetch(`http://127.0.0.1:${port}/upload`, init)
    // Asked after it, and answered: the other has arrived.
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
    child.kill(image.stopSignal as NodeJS.Signals)
    await until(() => log.includes('the app closes'), 'the signal', 10_000)
    rest!()
    assert.deepEqual(await (await answer).json(), { bytes: 4 })
    assert.deepEqual(await ended, [0, null])
    assert.match(log, /none forced/)
    return undefined
  })
})
