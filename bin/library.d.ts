export { type Emulator, type EmulatorOptions, startEmulator } from './library.cjs'
