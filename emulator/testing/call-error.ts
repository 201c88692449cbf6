import type { Detail } from '../core/status.ts'

/** The status of a failed call, whichever transport it came over. */
export class CallError extends Error {
  readonly code: string
  readonly details: Detail[]
  constructor(code: string, message: string, details: Detail[] = []) {
    super(message)
    this.code = code
    this.details = details
  }
}
