import { expect, test } from 'vitest'
import { accountDomain, computeAccountNumber, emulatorAccount, projectOfAccount } from './service-accounts.ts'

test('the address of an account has its project, that of a project in a domain the other way round', () => {
  expect(emulatorAccount('my-app-prod')).toBe('emulator@my-app-prod.iam.gserviceaccount.com')
  expect(emulatorAccount('example.com:app')).toBe('emulator@app.example.com.iam.gserviceaccount.com')
  for (const project of ['my-app-prod', 'example.com:app']) expect(projectOfAccount(`ci@${accountDomain(project)}`)).toBe(project)
})

test("Compute Engine's account has the number; an address that names no project has none", () => {
  expect(computeAccountNumber('123-compute@developer.gserviceaccount.com')).toBe('123')
  expect(projectOfAccount('123-compute@developer.gserviceaccount.com')).toBe('123')
  for (const email of ['alice@example.com', 'app@appspot.gserviceaccount.com', 'x-compute@developer.gserviceaccount.com'])
    expect(projectOfAccount(email), email).toBeUndefined()
})
