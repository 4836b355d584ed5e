// Empties dist but for .keep, which lets `go vet` embed the folder in a clean checkout.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'

const dist = new URL('./dist/', import.meta.url)
mkdirSync(dist, { recursive: true })
for (const name of readdirSync(dist)) {
  if (name !== '.keep') rmSync(new URL(name, dist), { recursive: true, force: true })
}
writeFileSync(new URL('.keep', dist), '', { flag: 'a' })
