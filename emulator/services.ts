// All services. A new one is one line here.
import type { Service } from './core/service.ts'
import { kms } from './services/kms/index.ts'

export const SERVICES: Service[] = [kms]
