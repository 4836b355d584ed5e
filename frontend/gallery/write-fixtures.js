// Writes the fixtures as JSON: node gallery/write-fixtures.js [FILE]
import { writeFileSync } from 'node:fs'
import { fixtures } from './fixtures.mjs'

const file = process.argv[2] ?? new URL('../node_modules/.gallery/fixtures.json', import.meta.url)
writeFileSync(file, JSON.stringify(fixtures, null, 1))
console.log(`${fixtures.length} fixtures`)
