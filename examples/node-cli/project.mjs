// The product itself, kept as small as it can be and still do something: a project is a directory
// of text files, which the command line in C++ (../cli) reads and writes as well.
//
//   ktx.project      a line for each connection: NAME DRIVER PATH [demo]
//   models/NAME.sl   lines: table T, column C, join A B, measure M, dimension D
//   wiki/NAME.md     prose
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'

/** A failure the user is told about. `kind` is a name out of this program's source. */
export class Failure extends Error {
  constructor(kind, message) {
    super(message)
    this.kind = kind
  }
}

/** The words of a line, as C++'s streams part them. */
export function wordsOf(line) {
  return line.split(/[ \t\n\v\f\r]+/).filter(Boolean)
}

/** What Project.models answers, of a project without any. */
export const NO_MODELS = {
  files: 0,
  tables: 0,
  columns: 0,
  joins: 0,
  measures: 0,
  dimensions: 0,
  // Tables that a join names and no file declares.
  brokenJoins: 0,
  // Joins that no file declares, but a column called TABLE_id implies.
  impliedJoins: 0,
}

export class Project {
  constructor(directory) {
    this.directory = directory
  }

  exists() {
    return existsSync(this.#file)
  }

  has(folder) {
    return statSync(join(this.directory, folder), { throwIfNoEntry: false })?.isDirectory() ?? false
  }

  create() {
    try {
      mkdirSync(join(this.directory, 'models'), { recursive: true })
      mkdirSync(join(this.directory, 'wiki'), { recursive: true })
      appendFileSync(this.#file, '')
    } catch {
      throw new Failure('ProjectError', "can't write the project's directory")
    }
  }

  /** A connection is { name, driver, file, demo }. */
  add({ name, driver, file, demo }) {
    try {
      appendFileSync(this.#file, `${name} ${driver} ${file}${demo ? ' demo' : ''}\n`)
    } catch {
      throw new Failure('ProjectError', "can't write ktx.project")
    }
  }

  connections() {
    const found = []
    for (const [name, driver, file, ...more] of this.#connectionLines()) {
      if (file) found.push({ name, driver, file, demo: more.length > 0 })
    }
    return found
  }

  connection(name) {
    const found = this.connections().find((one) => one.name === name)
    if (!found) throw new Failure('UnknownConnection', 'there is no connection of that name')
    return found
  }

  models() {
    const found = { ...NO_MODELS }
    const [tables, columns, joined] = [new Set(), new Set(), new Set()]
    for (const lines of this.#files('models', '.sl')) {
      ++found.files
      for (const [kind, ...names] of lines) {
        if (kind === 'measure') ++found.measures
        if (kind === 'dimension') ++found.dimensions
        if (names.length === 0) continue
        if (kind === 'table') tables.add(names[0])
        if (kind === 'column') columns.add(names[0])
        if (kind === 'join') {
          ++found.joins
          for (const name of names) joined.add(name)
        }
      }
    }
    found.tables = tables.size
    found.columns = columns.size
    found.brokenJoins = [...joined].filter((table) => !tables.has(table)).length
    found.impliedJoins = [...tables].filter(
      (table) => columns.has(`${table}_id`) && !joined.has(table),
    ).length
    return found
  }

  /** How many pages hold the word. */
  searchWiki(word) {
    return this.#files('wiki', '.md').filter((lines) => lines.flat().includes(word)).length
  }

  get #file() {
    return join(this.directory, 'ktx.project')
  }

  #connectionLines() {
    try {
      return linesOf(this.#file)
    } catch {
      throw noProject()
    }
  }

  /** Each file of a folder as its lines, and a line as its words. */
  #files(folder, extension) {
    if (!this.has(folder)) throw noProject()
    const directory = join(this.directory, folder)
    const names = readdirSync(directory).filter((name) => extname(name) === extension)
    return names.map((name) => linesOf(join(directory, name)))
  }
}

/** The lines of a file as their words. */
export function linesOf(file) {
  return readFileSync(file, 'utf8').split('\n').map(wordsOf)
}

function noProject() {
  return new Failure('NoProject', 'this is no ktx project; run `ktx setup`')
}
