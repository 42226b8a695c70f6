import type { Argument, Command, Option } from "commander";

/** A word that can stand next, and what it does. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

/** What can follow an option or stand as an argument: one of `choices`, a file, or what no shell can know. */
export interface Value {
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

/** A command as completion sees it. */
export interface Node {
  /** Names from the program down, each after a slash: "" for the program itself, "/pool/create". */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & { readonly value: Value | undefined })[];
  readonly argument: Value;
}

/** Returns the commands of `program`, the program itself first; options of a parent are those of its children too. */
export function treeOf(program: Command): readonly Node[] {
  return nodesUnder(program, "", []);
}

function nodesUnder(command: Command, path: string, inherited: readonly Option[]): readonly Node[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...inherited];
  const children = help.visibleCommands(command);
  const node: Node = {
    path,
    commands: children.map((child) => ({ word: child.name(), about: child.description() })),
    options: options.map(optionOf),
    argument: placeOf(command.registeredArguments.map((argument) => [argument.name(), argument])),
  };
  const passedOn = [...inherited, ...command.options.filter((option) => !option.hidden && option.long !== "--version")];
  return [node, ...children.flatMap((child) => nodesUnder(child, `${path}/${child.name()}`, passedOn))];
}

function optionOf(option: Option) {
  const value = option.required || option.optional ? placeOf([[option.flags, option]]) : undefined;
  return { word: option.long ?? option.flags, about: option.description, value };
}

/** The placeholder of an argument says whether it is a file: `<file>`, `<export...>`, `<register>`, `<from> <to>`. */
function placeOf(named: readonly (readonly [name: string, of: Option | Argument])[]): Value {
  return {
    choices: named.flatMap(([, { argChoices }]) => argChoices ?? []),
    isFile: named.some(([name]) => /file|path|export|register|^(from|to)$/i.test(name)),
  };
}
