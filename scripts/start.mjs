// Builds, then runs an example in this same process, so that a signal ends it and not a shell around it: `npm start` the
// service, `npm start -- chat` another.
import './build.mjs'

const [name = 'api'] = process.argv.slice(2)
await import(`../.build/examples/${name}/main.js`)
