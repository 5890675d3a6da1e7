import { webSocketContract } from './websocket.js'

webSocketContract()
