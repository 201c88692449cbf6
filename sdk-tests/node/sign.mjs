// @ts-nocheck what it imports is not installed before the suites run
// A program that knows nothing of an emulator: its client is made as Google's documentation makes it
// (https://cloud.google.com/kms/docs/create-validate-signatures).
import { createHash } from 'node:crypto'
import { KeyManagementServiceClient } from '@google-cloud/kms'

const [name, text] = process.argv.slice(2)
const client = new KeyManagementServiceClient()
const [{ pem }] = await client.getPublicKey({ name })
const [{ signature }] = await client.asymmetricSign({ name, digest: { sha256: createHash('sha256').update(text).digest() } })
console.log(JSON.stringify({ pem, signature: signature.toString('base64') }))
