// CommonJS in both builds, for a `require` that can wait: only who traces has the package. It keeps what is registered with
// it by a symbol of the process, so it does not matter which copy of it an app imports.
import type * as Api from '@opentelemetry/api'

/** The API of OpenTelemetry, loaded when it is first needed. */
function loadApi(): typeof Api {
  return require('@opentelemetry/api') as typeof Api
}

export = loadApi
