import { createRouter } from '../../src/native/fallback/index.js'
import { routerContract } from '../contract/router.js'
import { native, withoutNative } from './_native.js'

routerContract('fallback', createRouter, undefined)
routerContract('native', native.createRouter, withoutNative)
