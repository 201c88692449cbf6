// All services. A new one is one line here.
import type { Service } from './core/service.ts'
import { admission } from './services/admission/index.ts'
import { artifactregistry } from './services/artifactregistry/index.ts'
import { binaryauthorization } from './services/binaryauthorization/index.ts'
import { containeranalysis } from './services/containeranalysis/index.ts'
import { credentialsService } from './services/credentials/index.ts'
import { kms } from './services/kms/index.ts'
import { logging } from './services/logging/index.ts'
import { serviceusage } from './services/serviceusage/index.ts'

export const SERVICES: Service[] = [
  admission,
  artifactregistry,
  binaryauthorization,
  containeranalysis,
  credentialsService,
  kms,
  logging,
  serviceusage,
]
