import { filesContract } from './http/files.js'
import { filePathsContract } from './http/files-paths.js'
import { fileRangesContract } from './http/files-ranges.js'

filesContract()
filePathsContract()
fileRangesContract()
