// Compiles the project: dist/esm and dist/cjs are what the package ships, .build is what tests, examples and
// benchmarks run. `npm run build -- --watch` is not offered: a whole build takes a few seconds.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

for (const folder of ['.build', 'dist']) rmSync(path.join(root, folder), { force: true, recursive: true })

// The CommonJS build compiles a copy of the sources under a package.json that says "commonjs": only then does
// tsc both write `require` and leave dynamic `import()` alone, which the ESM-only uWebSockets.js package needs.
// A command is a program, and no library: it is there once.
cpSync(path.join(root, 'src'), path.join(root, '.build/cjs'), {
  filter: (file) => path.relative(root, file) !== path.join('src', 'cli'),
  recursive: true,
})
writeFileSync(path.join(root, '.build/cjs/package.json'), '{"type":"commonjs"}\n')

for (const project of ['tsconfig.esm.json', 'tsconfig.cjs.json', 'tsconfig.json']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

// What the examples read beside their code.
cpSync(path.join(root, 'examples'), path.join(root, '.build/examples'), {
  filter: (file) => !file.endsWith('.ts'),
  recursive: true,
})

writeFileSync(path.join(root, 'dist/cjs/package.json'), '{"type":"commonjs"}\n')
await bundle('esm')
await bundle('cjs')

/**
 * Makes one file of an entry's modules, and few of what several entries need: Node takes half a millisecond and more to find,
 * read and link each. Types stay by module, and so do the `.cjs` files, which are loaded when they are needed.
 *
 * @param {'cjs' | 'esm'} format
 */
async function bundle(format) {
  const folder = path.join(root, 'dist', format)
  const isOurs = (/** @type {string} */ id) => (id.startsWith('.') || path.isAbsolute(id)) && !id.endsWith('.cjs')
  const command = format === 'esm' ? ['cli/command', 'cli/main', 'cli/start-workers', 'cli/worker'] : []
  const entries = [...command, 'index', 'otel/index', 'socketio-client/index']
  // What workers are made of is loaded where there are any, by import().
  const later = ['in-worker', 'supervise']
  const isShared = (/** @type {string} */ id) => !/lifecycle.workers.(?!messages|terminal)/.test(id)
  const bundled = await rolldown({
    external: (id) => !isOurs(id),
    input: Object.fromEntries(entries.map((entry) => [entry, path.join(folder, `${entry}.js`)])),
    platform: 'node',
    // What is exported is used by others, and nothing else is left over.
    treeshake: false,
  })
  const { output } = await bundled.generate({
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ minShareCount: 2, name: 'shared', test: isShared }] },
    format,
  })
  await bundled.close()
  const names = output.map(({ fileName }) => fileName).sort()
  const wanted = [...entries, ...later, 'rolldown-runtime', 'shared'].map((name) => `${name}.js`).sort()
  if (names.join() !== wanted.join()) {
    throw new Error(`dist/${format} came in ${names.join(', ')}`)
  }
  for (const file of readdirSync(folder, { encoding: 'utf8', recursive: true })) {
    if (file.endsWith('.js')) rmSync(path.join(folder, file))
  }
  for (const { code, fileName } of output) writeFileSync(path.join(folder, fileName), code)
}
