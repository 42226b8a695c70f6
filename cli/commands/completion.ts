import { Argument, Command } from "commander";
import { bashScript, fishScript, zshScript } from "../completion/scripts";
import { treeOf } from "../completion/tree";
import { outputOf } from "../output/output";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Returns `macpool completion`: prints a script that completes commands, options and their choices. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print a script that makes a shell complete macpool's words")
    .addArgument(new Argument("<shell>", "the shell it is for").choices(Object.keys(SCRIPTS)))
    .addHelpText(
      "after",
      `
Put it where your shell reads it at its start:
  bash  source <(macpool completion bash), in ~/.bashrc
  zsh   source <(macpool completion zsh), in ~/.zshrc after compinit
  fish  macpool completion fish | source, in ~/.config/fish/config.fish

Example:
  macpool completion bash`,
    )
    .action(async (shell: keyof typeof SCRIPTS, _options: object, command: Command) => {
      await outputOf(command).raw(SCRIPTS[shell](treeOf(command.parent ?? command)));
    });
}
