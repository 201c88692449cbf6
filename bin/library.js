// `import … from 'binauthz-emulator'`.
import library from './library.cjs'

export const { startEmulator } = library
