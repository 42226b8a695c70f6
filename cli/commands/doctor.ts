import { Command } from "commander";
import { storeOverride } from "../../provider/environment";
import type { Check } from "../../provider/store/check";
import { examineRegister, isOnServer, openRegister, shownStore } from "../../provider/store/open";
import { soundAgain } from "../../provider/store/remedies";
import { ciCheck, contentChecks, failed } from "../doctor";
import { Unsound } from "../exit-code";
import { outputOf } from "../output/output";
import type { Colour, Table } from "../output/table";
import { commandContext, type GlobalOptions, storeOf } from "../register";

const HELP = `
Prints each check as ok, warning or fault, and what to do about it. Exit code 0 with nothing worse than warnings, else 3.
It changes nothing, except that a register of an older schema is brought to the present one as by every command.

Example:
  macpool doctor`;

const COLOURS: Readonly<Record<Check["verdict"], Colour>> = { ok: "green", warning: "yellow", fault: "red" };

const TABLE: Table<Check> = {
  columns: [
    { heading: "VERDICT", text: ({ verdict }) => verdict, colour: ({ verdict }) => COLOURS[verdict] },
    { heading: "CHECK", text: ({ check }) => check },
    { heading: "FINDING", text: ({ finding }) => finding },
  ],
  json: (check) => check,
};

/** Returns `macpool doctor`: checks the register and all it depends on. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check the register from end to end, and say what to do")
    .addHelpText("after", HELP)
    .action(async (_: object, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>();
      let isSound = true;
      await outputOf(command).rows(
        watched(globals, () => {
          isSound = false;
        }),
        TABLE,
      );
      if (!isSound) throw new Unsound();
    });
}

async function* watched(globals: GlobalOptions, onFault: () => void): AsyncIterable<Check> {
  for await (const check of checks(globals)) {
    if (check.verdict === "fault") onFault();
    yield check;
  }
}

async function* checks(globals: GlobalOptions): AsyncIterable<Check> {
  const store = storeOf(globals);
  const context = commandContext();
  // First, because what it refuses may hold a password, which is not to be shown.
  const examined = await examineRegister(store, context);
  yield { check: "register", verdict: "ok", finding: `${shownStore(store)} (${reasonOf(globals)})` };
  yield ciCheck(isOnServer(store));
  let isUsable = true;
  for (const check of examined) {
    if (check.verdict === "fault") isUsable = false;
    yield check;
  }
  if (isUsable) yield* content(store, context);
}

async function* content(store: string, context: ReturnType<typeof commandContext>): AsyncIterable<Check> {
  try {
    const register = await openRegister(store, context);
    try {
      yield* contentChecks(register, context.clock(), soundAgain(register.location, isOnServer(store)));
    } finally {
      await register.close();
    }
  } catch (error) {
    yield failed("content", error);
  }
}

function reasonOf({ store }: GlobalOptions): string {
  if (store !== undefined) return "given by --store";
  return storeOverride() === undefined
    ? "your own, because neither --store nor MACPOOL_STORE is given"
    : "from MACPOOL_STORE";
}
