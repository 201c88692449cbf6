// All services. A new one is one line here.
import type { Service } from './core/service.ts'
import { admission } from './services/admission/index.ts'
import { artifactregistry } from './services/artifactregistry/index.ts'
import { binaryauthorization } from './services/binaryauthorization/index.ts'
import { cloudbuild } from './services/cloudbuild/index.ts'
import { container } from './services/container/index.ts'
import { containeranalysis } from './services/containeranalysis/index.ts'
import { credentialsService } from './services/credentials/index.ts'
import { iam } from './services/iam/index.ts'
import { kms } from './services/kms/index.ts'
import { logging } from './services/logging/index.ts'
import { orgpolicy } from './services/orgpolicy/index.ts'
import { resourcemanager } from './services/resourcemanager/index.ts'
import { run } from './services/run/index.ts'
import { serviceusage } from './services/serviceusage/index.ts'

export const SERVICES: Service[] = [
  admission,
  artifactregistry,
  binaryauthorization,
  cloudbuild,
  container,
  containeranalysis,
  credentialsService,
  iam,
  kms,
  logging,
  orgpolicy,
  resourcemanager,
  run,
  serviceusage,
]
