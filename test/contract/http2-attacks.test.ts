import { variants } from '../_setup.js'
import { http2AttacksContract } from './http2-attacks.js'

for (const variant of variants) if (variant.version === '2') http2AttacksContract(variant)
