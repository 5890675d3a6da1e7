// Compiles the project: dist/esm and dist/cjs are what the package ships, .build is what tests, examples and
// benchmarks run. `npm run build -- --watch` is not offered: a whole build takes a few seconds.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

for (const folder of ['.build', 'dist']) rmSync(path.join(root, folder), { force: true, recursive: true })

// The CommonJS build compiles a copy of the sources under a package.json that says "commonjs": only then does
// tsc both write `require` and leave dynamic `import()` alone, which the ESM-only uWebSockets.js package needs.
cpSync(path.join(root, 'src'), path.join(root, '.build/cjs'), { recursive: true })
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

mkdirSync(path.join(root, 'dist/cjs'), { recursive: true })
writeFileSync(path.join(root, 'dist/cjs/package.json'), '{"type":"commonjs"}\n')
