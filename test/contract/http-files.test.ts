import { filesContract } from './http/files.js'
import { fileDownloadContract } from './http/files-download.js'
import { filePathsContract } from './http/files-paths.js'
import { fileRangesContract } from './http/files-ranges.js'

fileDownloadContract()
filesContract()
filePathsContract()
fileRangesContract()
