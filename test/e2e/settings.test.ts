import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { FileRegister } from "./support/file-register";
import { onEveryEngine } from "./support/scenario";

const nic = `
import { MacAddress } from "pulumi-macpool";
export const web = new MacAddress("web").address;
`;

onEveryEngine((scenario) => {
  scenario("MACPOOL_STORE wins over the configured register, and is not recorded in the state", async (lab) => {
    const override = lab.newRegister("override");
    await override.prepare();
    const env = { MACPOOL_STORE: override.store };
    const stack = await lab.stack({ program: nic, env });
    const { outputs } = await stack.up();
    expect(await override.live()).toEqual([outputs["web"]]);
    expect(await lab.register.isUntouched()).toBe(true);
    const state = JSON.stringify(await stack.state());
    expect(state).toContain(lab.register.store);
    expect(state).not.toContain(override.store);
  });

  scenario.fileOnly(
    "in CI a preview shows addresses without a register, and up asks for one instead of making it",
    "a register on a server is never made by a deployment, in CI or not",
    async (lab) => {
      const stack = await lab.stack({ program: nic, env: { CI: "true" } });
      const preview = await stack.preview();
      expect(preview.outputs["web"]).toMatch(/^42:/);
      const text = await stack.failing("up");
      expect(text).toContain("macpool init");
      expect(text).toContain(lab.register.store);
      expect(await lab.register.isUntouched()).toBe(true);
    },
  );

  const noDefault = "the default is a file";
  scenario.fileOnly("without any setting the register is in the user's data directory", noDefault, async (lab) => {
    const { outputs } = await (await lab.stack({ program: nic, config: {} })).up();
    const [file = ""] = readdirSync(lab.home, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith("register.db"),
    );
    expect(file).toContain("pulumi-macpool");
    expect(await new FileRegister(join(lab.home, file)).live()).toEqual([outputs["web"]]);
  });

  scenario("no password is ever in the state or on the screen in clear, even one set without --secret", async (lab) => {
    const config = {
      "macpool:store": "postgres://pool:correct-horse@db.example/macpool",
      "macpool:storePassword": { secret: "battery-staple" },
    };
    const program = `
      ${nic}
      import { Provider } from "pulumi-macpool";
      new Provider("other", { store: "postgres://db.example/macpool?password=hunter2", storePassword: "tr0ub4dor" });
    `;
    const stack = await lab.stack({ program, config, env: { MACPOOL_STORE: lab.register.store } });
    const { text } = await stack.up();
    const written = text + JSON.stringify(await stack.state());
    for (const password of ["correct-horse", "battery-staple", "hunter2", "tr0ub4dor"]) {
      expect(written).not.toContain(password);
    }
    expect(written).toContain("macpool:storePassword");
  });

  scenario("destroy runs no program and needs no configuration: the state records the register", async (lab) => {
    const stack = await lab.stack({ program: nic });
    const { outputs } = await stack.up();
    stack.program(`throw new Error("destroy runs no program")`);
    await stack.configure({});
    await stack.destroy();
    expect(await lab.register.released()).toEqual([outputs["web"]]);
  });

  scenario("a second Provider is a second register, until destroy", async (lab) => {
    const second = lab.newRegister("second");
    await second.prepare();
    const stack = await lab.stack({
      program: `
        import { MacAddress, Provider } from "pulumi-macpool";
        const lab = new Provider("lab-register", { store: "${second.store}" });
        export const here = new MacAddress("here").address;
        export const there = new MacAddress("there", {}, { provider: lab }).address;
      `,
    });
    const { outputs } = await stack.up();
    expect(await lab.register.live()).toEqual([outputs["here"]]);
    expect(await second.live()).toEqual([outputs["there"]]);
    expect((await stack.up()).changes).toEqual([]);
    await stack.destroy();
    expect([...(await lab.register.live()), ...(await second.live())]).toEqual([]);
  });
});
