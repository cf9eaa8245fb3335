#!/usr/bin/env node
'use strict';

// The command line of the package. It must work where the addon does not: nothing here may load it.

const { parseArgs } = require('node:util');
const { name, version } = require('../../package.json');
const { CliError } = require('./cli-error');

const COMMANDS = {
  build: () => require('./build'),
};

const HELP = `Usage: ${name} <command> [options]

Commands:
  build        compiles the addon from source, for platforms that no compiled one was shipped for

Options:
  -h, --help     shows this, or what a command does
  -v, --version  shows the version

Exit codes: 0 done, 1 failed, 2 wrong usage.`;

const HELP_OPTION = { help: { type: 'boolean', short: 'h' } };

async function main(args) {
  const [first, ...rest] = args;
  if (first === undefined) throw new CliError(HELP, 2);
  if (['-h', '--help', 'help'].includes(first)) return say(HELP);
  if (['-v', '--version'].includes(first)) return say(version);
  if (!Object.hasOwn(COMMANDS, first)) {
    const what = first.startsWith('-') ? 'option' : 'command';
    throw new CliError(`${name}: there is no ${what} '${first}'. To see what there is: npx ${name} --help`, 2);
  }
  const command = COMMANDS[first]();
  const options = parse(first, rest, command.options);
  if (options.help) return say(command.help);
  return command.run(options, say);
}

function parse(command, args, options) {
  try {
    return parseArgs({ args, options: { ...options, ...HELP_OPTION } }).values;
  } catch (error) {
    throw new CliError(`${name} ${command}: ${error.message}. To see what there is: npx ${name} ${command} --help`, 2);
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error instanceof CliError ? error.message : `${name}: ${error.stack}`}\n`);
  process.exitCode = error.exitCode ?? 1;
});
