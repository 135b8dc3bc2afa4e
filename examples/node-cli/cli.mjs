#!/usr/bin/env node
// ktx, the example product's command line in Node: what can be asked for, and the span around it.
import { Command, CommanderError } from 'commander'
import * as run from './commands.mjs'
import { Project } from './project.mjs'
import { CommandSpan } from './span.mjs'
import { openTelemetry, version } from './telemetry.mjs'

// Both begin where Commander knows which command it is and that its usage is right: a usage
// error or --help opens no telemetry.
let ktx
let span

const program = new Command('ktx')
  .description('Answers questions about your data.')
  .version(version, '--version')
  .option('--project <directory>', "The project's directory", '.')
  // Commander throws instead of ending the process, so that there is one way out, below.
  .exitOverride()
  .hook('preAction', (_, command) => {
    const project = new Project(program.opts().project)
    const telemetry = openTelemetry(project)
    const hasProject = project.exists()
    span = new CommandSpan(telemetry, command, { hasProject, projectGroupAttached: hasProject })
    ktx = { project, telemetry }
  })

const group = (name, about) => program.command(name).description(about)

program
  .command('setup')
  .description('Makes a project')
  .action(() => run.setup(ktx))

const connection = group('connection', "The project's databases")
connection
  .command('add')
  .description('Adds a connection')
  .argument('<name>')
  .requiredOption('--driver <driver>')
  .requiredOption('--file <file>')
  .option('--demo')
  .action((name, options) => run.connectionAdd(ktx, name, options))
connection
  .command('test')
  .description('Tries a connection')
  .argument('<name>')
  .action((name) => run.connectionTest(ktx, name))

program
  .command('ingest')
  .description('Learns a database')
  .argument('<name>')
  .option('--watch', 'Go on until interrupted')
  .action((name, options) => run.ingest(ktx, name, options))

program
  .command('scan')
  .description('Looks for joins')
  .argument('<name>')
  .action((name) => run.scan(ktx, name))

const layer = group('sl', 'The semantic layer')
layer
  .command('validate')
  .description('Checks the models')
  .action(() => run.slValidate(ktx))
layer
  .command('query')
  .description('Compiles a query of dimensions and measures()')
  .argument('<query>')
  .option('--execute')
  .action((query, options) => run.slQuery(ktx, query, options))

program
  .command('sql')
  .description('Runs a statement')
  .argument('<name>')
  .argument('<query>')
  .action((name, query) => run.sql(ktx, name, query))

group('wiki', "The project's prose")
  .command('query')
  .description('Finds pages')
  .argument('<text>')
  .action((text) => run.wikiQuery(ktx, text))

group('mcp', 'Tools for agents')
  .command('call')
  .description('Calls one tool')
  .argument('<tool>')
  .option('--client-name <name>')
  .option('--client-version <version>')
  .action((tool, options) => run.mcpCall(ktx, tool, options))

group('history', 'Past queries')
  .command('filter')
  .description('Chooses whose to learn from')
  .argument('<file>')
  .option('--dialect <dialect>', '', 'postgres')
  .action((file, options) => run.historyFilter(ktx, file, options))

const telemetry = group('telemetry', 'What ktx may tell its makers')
telemetry
  .command('status')
  .description('Whether it may, and who said so')
  .action(() => run.telemetryStatus(ktx))
telemetry
  .command('enable')
  .description('Opts in')
  .action(() => run.telemetryEnable(ktx))
telemetry
  .command('disable')
  .description('Opts out, and deletes what waits to be sent')
  .action(() => run.telemetryDisable(ktx))

try {
  await program.parseAsync()
  span?.ok()
} catch (error) {
  span?.error(error)
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; help and --version come by here too, with code 0.
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    console.error(`ktx: ${error.message}`)
    process.exitCode = 1
  }
}
