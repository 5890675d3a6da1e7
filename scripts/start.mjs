// Builds, then runs the example service in this same process, so that a signal ends it and not a shell around it.
import './build.mjs'

await import('../.build/examples/api/main.js')
