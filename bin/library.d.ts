export { type Client, type Emulator, type EmulatorOptions, type EnvironmentOptions, startEmulator } from './library.cjs'
