// Validates events with ajv: a schema's path as the argument, an event a line on standard
// input, `true` or `false` a line on standard output.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import Ajv2020 from 'ajv/dist/2020.js'

const schema = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const validate = new Ajv2020({ strict: false, unicodeRegExp: true }).compile(schema)
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${validate(JSON.parse(line))}\n`)
}
