import { authContract } from './http/auth.js'
import { csrfContract } from './http/csrf.js'
import { pathFilterContract } from './http/path-filter.js'

authContract()
csrfContract()
pathFilterContract()
