// The platforms that prebuilds are for: how each is built, and what its binary may need of the system.

/** The oldest glibc that Node 20 itself runs on. */
export const oldestGlibc = '2.28'

/** The oldest macOS that Rust's standard library and Node 20 both run on, on arm64. */
export const oldestMacos = '11.0'

const darwin = ['/usr/lib/libSystem.B.dylib']
const glibc = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']
const musl = ['libc.so']
// Each is a part of Windows 10, the oldest that Node 20 runs on; the last are parts of its C library.
const windows = [
  'advapi32.dll',
  'bcrypt.dll',
  'bcryptprimitives.dll',
  'kernel32.dll',
  'ntdll.dll',
  'ws2_32.dll',
  /^api-ms-win-core-synch-/,
  /^api-ms-win-crt-/,
]

/** `file` is what node-gyp-build looks for, within prebuilds/; `target` is Rust's name of the platform. */
export const platforms = [
  {
    architecture: 'arm64',
    file: 'darwin-arm64/hotpress.napi.node',
    format: 'mach-o',
    libraries: darwin,
    name: 'darwin-arm64',
    target: 'aarch64-apple-darwin',
  },
  {
    architecture: 'x64',
    file: 'darwin-x64/hotpress.napi.node',
    format: 'mach-o',
    libraries: darwin,
    name: 'darwin-x64',
    target: 'x86_64-apple-darwin',
  },
  {
    architecture: 'arm64',
    file: 'linux-arm64/hotpress.napi.glibc.node',
    format: 'elf',
    libraries: [...glibc, 'ld-linux-aarch64.so.1'],
    name: 'linux-arm64-glibc',
    target: 'aarch64-unknown-linux-gnu',
  },
  {
    architecture: 'arm64',
    file: 'linux-arm64/hotpress.napi.musl.node',
    format: 'elf',
    libraries: musl,
    name: 'linux-arm64-musl',
    target: 'aarch64-unknown-linux-musl',
  },
  {
    architecture: 'x64',
    file: 'linux-x64/hotpress.napi.glibc.node',
    format: 'elf',
    libraries: [...glibc, 'ld-linux-x86-64.so.2'],
    name: 'linux-x64-glibc',
    target: 'x86_64-unknown-linux-gnu',
  },
  {
    architecture: 'x64',
    file: 'linux-x64/hotpress.napi.musl.node',
    format: 'elf',
    libraries: musl,
    name: 'linux-x64-musl',
    target: 'x86_64-unknown-linux-musl',
  },
  {
    architecture: 'x64',
    file: 'win32-x64/hotpress.napi.node',
    format: 'pe',
    libraries: windows,
    name: 'win32-x64',
    target: 'x86_64-pc-windows-gnullvm',
  },
]
