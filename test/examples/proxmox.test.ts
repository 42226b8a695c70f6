import { expect } from "vitest";
import { exampleFile } from "./support/example";
import { shell, shellEnv } from "./support/macpool";
import { addressGiven, promisesOf, type TypedExample } from "./support/typed";

const example: TypedExample = {
  name: "proxmox",
  plugin: { npm: "@muhlba91/pulumi-proxmoxve", name: "proxmoxve" },
  nic: { type: "proxmoxve:index/vmLegacy:VmLegacy", path: ["networkDevices", 0, "macAddress"] },
  form: /^42(:[0-9A-F]{2}){5}$/,
};

/** Returns the one piece of code within the README's sentences that matches. */
function advice(pattern: RegExp): string {
  const readme = exampleFile("proxmox", "README.md").replace(/^```.*?^```/gms, "");
  const [found, ...others] = [...readme.matchAll(/`([^`]+)`/g)].filter(([, code = ""]) => pattern.test(code));
  if (found === undefined || others.length > 0) throw new Error(`the README does not say ${pattern} once`);
  return found[1] ?? "";
}

promisesOf(example, (scenario, open) => {
  scenario("keeps the address that Proxmox drew for a machine, as the README says", async (lab) => {
    const env = shellEnv(lab.register.store);
    shell(`macpool init && ${advice(/^macpool/)}`, env);
    const stack = await open(lab);
    const program = exampleFile("proxmox", "index.ts");
    stack.program(program.replace(/new MacAddress\([^)]*\)/, advice(/^new MacAddress/)));
    await stack.up();
    expect(await addressGiven(stack, example)).toBe("BC:24:11:2E:7A:01");
    expect(await lab.register.live()).toEqual(["bc:24:11:2e:7a:01"]);
  });
});
