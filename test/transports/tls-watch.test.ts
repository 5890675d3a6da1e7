import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import type { FileVersions } from '../../src/transports/tls-files.js'
import { versionOf } from '../../src/transports/tls-files.js'
import { CertificateWatch, foldersOf } from '../../src/transports/tls-watch.js'
import { recorder } from '../contract/http/_tools.js'
import { until } from './_server.js'

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'watch-')))
after(() => rmSync(root, { force: true, recursive: true }))

let folder = ''
let count = 0
beforeEach(() => {
  folder = path.join(root, String(++count))
  mkdirSync(folder)
})

/** By events alone, or by looking now and then alone. */
const paces = {
  events: { debounce: 5, interval: 3_600_000 },
  looks: { debounce: 3_600_000, interval: 10 },
} as const

const noticed = (is: () => boolean): Promise<void> => until(is, 'a change to be noticed', 20_000)

interface Watched {
  readonly entries: ReturnType<typeof recorder>['entries']
  /** How often the files were read. */
  reads(): number
  readonly watch: CertificateWatch
}

function watchFiles(
  files: readonly string[],
  pace: { debounce: number; interval: number },
  check = (): void => {},
): Watched {
  const { entries, logger } = recorder()
  const versions = (): FileVersions => new Map(files.map((file) => [file, versionOf(file)]))
  let reads = 0
  const read = (): FileVersions => {
    reads++
    const before = versions()
    check()
    return before
  }
  const watch = new CertificateWatch(versions(), read, logger, pace)
  after(() => watch.close())
  return { entries, reads: () => reads, watch }
}

function put(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

function link(target: string, name: string): string {
  const file = path.join(folder, name)
  symlinkSync(target, `${file}.new`)
  renameSync(`${file}.new`, file)
  return file
}

/** What a certificate may lie in, and how it is replaced. */
const ways: readonly (readonly [name: string, lay: () => string, change: (file: string) => void])[] = [
  ['written in place', () => put('cert.pem', 'one'), (file) => writeFileSync(file, 'second')],
  [
    'replaced by rename',
    () => put('cert.pem', 'one'),
    (file) => {
      writeFileSync(`${file}.new`, 'second')
      renameSync(`${file}.new`, file)
    },
  ],
  [
    'removed and made anew',
    () => put('cert.pem', 'one'),
    (file) => {
      rmSync(file)
      writeFileSync(file, 'second')
    },
  ],
  // As certbot does.
  [
    'a link that leads to another file',
    () => {
      mkdirSync(path.join(folder, 'archive'))
      put('archive/cert1.pem', 'one')
      return link('archive/cert1.pem', 'cert.pem')
    },
    () => {
      put('archive/cert2.pem', 'second')
      link('archive/cert2.pem', 'cert.pem')
    },
  ],
  // As Kubernetes does.
  [
    'a link through a link to a folder that is swapped',
    () => {
      mkdirSync(path.join(folder, '..2026_1'))
      put('..2026_1/cert.pem', 'one')
      link('..2026_1', '..data')
      return link('..data/cert.pem', 'cert.pem')
    },
    () => {
      mkdirSync(path.join(folder, '..2026_2'))
      put('..2026_2/cert.pem', 'second')
      link('..2026_2', '..data')
      rmSync(path.join(folder, '..2026_1'), { recursive: true })
    },
  ],
  [
    'in a folder that is a link',
    () => {
      mkdirSync(path.join(folder, 'one'))
      put('one/cert.pem', 'one')
      link('one', 'current')
      return path.join(folder, 'current/cert.pem')
    },
    () => {
      mkdirSync(path.join(folder, 'two'))
      put('two/cert.pem', 'second')
      link('two', 'current')
    },
  ],
]

describe('files of certificates are read again', {
  skip: process.platform === 'win32' && 'links take privileges',
}, () => {
  for (const [pace, times] of Object.entries(paces)) {
    for (const [name, lay, change] of ways) {
      test(`by ${pace}: ${name}`, async () => {
        const file = lay()
        const { entries, reads } = watchFiles([file], times)
        change(file)
        await noticed(() => reads() >= 1)
        // And a second time: what is watched has followed.
        const before = reads()
        copyFileSync(file, `${file}.again`)
        renameSync(`${file}.again`, file)
        await noticed(() => reads() > before)
        assert.ok(entries.every(({ level, message }) => level === 'info' && message === 'new certificates are in use'))
        assert.deepEqual(entries[0]?.fields, { files: [file] })
      })
    }
  }

  test('where they were changed before anybody watched', async () => {
    const file = put('cert.pem', 'one')
    const versions: FileVersions = new Map([[file, versionOf(file)]])
    writeFileSync(file, 'second')
    let reads = 0
    const read = (): FileVersions => {
      reads++
      return new Map([[file, versionOf(file)]])
    }
    new CertificateWatch(versions, read, recorder().logger, paces.events).close()
    assert.equal(reads, 1)
  })

  test('where their folder was made anew', async () => {
    const inner = path.join(folder, 'inner')
    mkdirSync(inner)
    const file = put('inner/cert.pem', 'one')
    const { reads } = watchFiles([file], { debounce: 5, interval: 20 })
    rmSync(inner, { recursive: true })
    mkdirSync(inner)
    writeFileSync(file, 'second')
    await noticed(() => reads() >= 1)
  })
})

describe('what cannot be read', () => {
  test('is told once, tried again, and told again when it is something else', async () => {
    const file = put('cert.pem', 'one')
    let problem: string | undefined = 'the key is of another'
    const check = (): void => {
      if (problem !== undefined) throw new Error(problem)
    }
    const { entries, reads } = watchFiles([file], paces.looks, check)
    writeFileSync(file, 'second')
    await noticed(() => reads() >= 4)
    assert.deepEqual(
      entries.map(({ fields, level, message }) => [level, message, (fields.err as Error).message]),
      [['error', 'changed certificates cannot be used: those in use stay', 'the key is of another']],
    )
    problem = 'it is not there'
    await noticed(() => entries.length === 2)
    assert.equal((entries[1]!.fields.err as Error).message, problem)
    problem = undefined
    await noticed(() => entries.length === 3)
    assert.equal(entries[2]!.message, 'new certificates are in use')
    const after = reads()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(reads(), after)
  })

  test('is not told where the key comes a moment after its certificate', async () => {
    const file = put('cert.pem', 'one')
    let reads = 0
    const check = (): void => {
      if (++reads === 1) throw new Error('the key is of another')
    }
    const { entries } = watchFiles([file], paces.events, check)
    writeFileSync(file, 'second')
    await noticed(() => entries.length > 0)
    assert.deepEqual(
      entries.map(({ message }) => message),
      ['new certificates are in use'],
    )
  })
})

describe('the watch', () => {
  test('does nothing after its end', async () => {
    const file = put('cert.pem', 'one')
    const { reads, watch } = watchFiles([file], { debounce: 1, interval: 1 })
    watch.close()
    watch.close()
    writeFileSync(file, 'second')
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(reads(), 0)
  })

  test('does not read what is as it was, whatever goes on beside it', async () => {
    const file = put('cert.pem', 'one')
    const { reads } = watchFiles([file], { debounce: 1, interval: 5 })
    for (let index = 0; index < 20; index++) {
      put(`other-${index}`, 'x')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    assert.equal(reads(), 0)
  })

  test('ends for links that lead in a circle', { skip: process.platform === 'win32' }, () => {
    link('b', 'a')
    link('a', 'b')
    assert.deepEqual(foldersOf(path.join(folder, 'a')), [realpathSync(folder)])
  })
})
