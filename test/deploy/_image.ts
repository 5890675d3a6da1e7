import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { type Copy, DockerfileParser, type From, type Instruction } from 'dockerfile-ast'
import picomatch from 'picomatch'
import { run } from '../interop/_programs.js'

/** What a Dockerfile makes, in a folder that stands for the root of its files. */
export class Image {
  cmd: readonly string[] = []
  readonly env: Record<string, string> = {}
  readonly exposed: string[] = []
  healthcheck: readonly string[] = []
  readonly root: string
  stopSignal = ''
  user = ''
  workdir = '/'

  constructor(root: string, from?: Image) {
    this.root = root
    mkdirSync(root, { recursive: true })
    if (from === undefined) return
    cpSync(from.root, root, { recursive: true, verbatimSymlinks: true })
    Object.assign(this.env, from.env)
    this.workdir = from.workdir
  }

  /** Where a path of the image is. */
  at(...parts: readonly string[]): string {
    return path.join(this.root, path.posix.resolve(this.workdir, ...parts))
  }
}

/** What of a context goes to the build: by patterns of which the last that fits counts, for a file or a folder above it. */
export function isIgnored(file: string, patterns: readonly string[]): boolean {
  const parts = file.split('/')
  const ancestry = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  let ignored = false
  for (const pattern of patterns) {
    const fits = picomatch(pattern.replace(/^!/, ''), { dot: true })
    if (ancestry.some((each) => fits(each))) ignored = !pattern.startsWith('!')
  }
  return ignored
}

/** The files of a folder that are not ignored. */
export function filesOf(folder: string, patterns: readonly string[]): string[] {
  return readdirSync(folder, { encoding: 'utf8', recursive: true })
    .filter((file) => statSync(path.join(folder, file)).isFile() && !isIgnored(file, patterns))
    .sort()
}

/**
 * Takes the steps of a Dockerfile on this machine, without the isolation: what is a base image there is Node as it is here.
 *
 * @param context the folder that it is built in.
 * @param ignore the patterns of what is left out of it.
 * @param folder where the stages go.
 */
export async function buildImage(
  dockerfile: string,
  context: string,
  ignore: readonly string[],
  folder: string,
): Promise<Image> {
  const stages = new Map<string, Image>()
  let image: Image | undefined
  for (const each of DockerfileParser.parse(dockerfile).getInstructions()) {
    if (each.getKeyword() === 'FROM') {
      const from = each as From
      image = new Image(path.join(folder, `stage-${stages.size}`), stages.get(from.getImage() ?? ''))
      stages.set(from.getBuildStage() ?? String(stages.size), image)
    } else {
      assert.ok(image, 'a Dockerfile begins with FROM')
      await takeStep(each, image, stages, context, ignore)
    }
  }
  assert.ok(image)
  return image
}

async function takeStep(
  step: Instruction,
  image: Image,
  stages: ReadonlyMap<string, Image>,
  context: string,
  ignore: readonly string[],
): Promise<void> {
  const text = step.getArgumentsContent() ?? ''
  const words = step.getArguments().map((each) => each.getValue())
  switch (step.getKeyword()) {
    case 'CMD':
      image.cmd = execForm(text)
      break
    case 'COPY':
      copy(step as Copy, image, stages, context, ignore)
      break
    case 'ENV':
      for (const word of words) image.env[word.slice(0, word.indexOf('='))] = word.slice(word.indexOf('=') + 1)
      break
    case 'EXPOSE':
      image.exposed.push(...words)
      break
    case 'HEALTHCHECK':
      image.healthcheck = execForm(text.slice(text.indexOf('[')))
      break
    case 'RUN': {
      const command = text.replace(/^(?:--\S+\s+)*/, '').replaceAll('\\\n', '')
      const { status, stderr, stdout } = await run('/bin/sh', ['-c', command], {
        env: { ...image.env, CI: '' },
        folder: image.at('.'),
        timeout: 180_000,
      })
      assert.equal(status, 0, `${command}: ${stdout}${stderr}`)
      break
    }
    case 'STOPSIGNAL':
      image.stopSignal = text
      break
    case 'USER':
      image.user = text
      break
    case 'WORKDIR':
      image.workdir = path.posix.resolve(image.workdir, text)
      mkdirSync(image.at('.'), { recursive: true })
      break
    default:
      assert.fail(`${step.getKeyword()} is not known here`)
  }
}

function copy(
  step: Copy,
  image: Image,
  stages: ReadonlyMap<string, Image>,
  context: string,
  ignore: readonly string[],
): void {
  const words = step.getArguments().map((each) => each.getValue())
  const to = words.pop() ?? ''
  const from = step.getFromFlag()?.getValue()
  for (const word of words) {
    if (from !== undefined && from !== null) {
      const source = stages.get(from)
      assert.ok(source, `${from} is a stage`)
      cpSync(source.at(word), to.endsWith('/') ? image.at(to, path.basename(word)) : image.at(to), {
        recursive: true,
        verbatimSymlinks: true,
      })
    } else {
      const files = filesOf(context, ignore).filter((file) => word === '.' || file === word)
      assert.notEqual(files.length, 0, `${word} is in the context`)
      for (const file of files) cpSync(path.join(context, file), image.at(to, file))
    }
  }
}

function execForm(text: string): readonly string[] {
  const words: unknown = JSON.parse(text)
  assert.ok(Array.isArray(words) && words.every((word) => typeof word === 'string'), `${text} names a program`)
  return words as string[]
}
