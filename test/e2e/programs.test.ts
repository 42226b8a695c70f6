import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const component = `
import * as pulumi from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

/** Stands for any resource of another package that takes a MAC address. */
class Vm extends pulumi.dynamic.Resource {
  constructor(name: string, props: { mac: pulumi.Input<string> }, opts?: pulumi.CustomResourceOptions) {
    super({ create: async (inputs) => ({ id: "vm", outs: inputs }) }, name, props, opts);
  }
}

class VmNic extends pulumi.ComponentResource {
  readonly mac: pulumi.Output<string>;
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("lab:vm:VmNic", name, {}, opts);
    this.mac = new MacAddress(\`\${name}-mac\`, {}, { parent: this }).address;
    new Vm(\`\${name}-vm\`, { mac: this.mac }, { parent: this });
    this.registerOutputs({ mac: this.mac });
  }
}

const first = new VmNic("first");
const second = new VmNic("second", { dependsOn: [first] });
new Vm("watcher", { mac: second.mac }, { dependsOn: [first, second] });
export const macs = [first.mac, second.mac];
`;

onEveryEngine((scenario) => {
  scenario("a component may have a MacAddress that its other children and later components depend on", async (lab) => {
    const stack = await lab.stack({ program: component });
    const preview = await stack.preview();
    const { outputs } = await stack.up();
    expect(outputs).toEqual(preview.outputs);
    expect((await stack.outputs("watcher"))["mac"]).toBe(Array.isArray(outputs["macs"]) && outputs["macs"][1]);
    expect((await lab.register.leases()).map(({ owner }) => owner)).toEqual(
      expect.arrayContaining([
        "organization/network/dev/lab:vm:VmNic/first-mac",
        "organization/network/dev/lab:vm:VmNic/second-mac",
      ]),
    );
  });

  scenario("a plain JavaScript program works", async (lab) => {
    const program = `
      const { MacAddress } = require("pulumi-macpool");
      exports.web = new MacAddress("web").address;
    `;
    const { outputs } = await (await lab.stack({ program, entry: "index.js" })).up();
    expect(await lab.register.live()).toEqual([outputs["web"]]);
  });

  scenario("a program of ES modules works", async (lab) => {
    const program = `
      import { MacAddress } from "pulumi-macpool";
      export const web = new MacAddress("web").address;
    `;
    const files = { "package.json": JSON.stringify({ name: "es-modules", type: "module" }) };
    const { outputs } = await (await lab.stack({ program, files, entry: "index.js" })).up();
    expect(await lab.register.live()).toEqual([outputs["web"]]);
  });

  scenario("two NICs that are given one owner are refused, with the names of both", async (lab) => {
    const program = `
      import { MacAddress } from "pulumi-macpool";
      new MacAddress("web", { owner: "rack-3" });
      new MacAddress("db", { owner: "rack-3" });
    `;
    const text = await (await lab.stack({ program })).failing("preview");
    expect(text).toContain(`MacAddress "db" has the owner "rack-3", which MacAddress "web"`);
    expect(await lab.register.isUntouched()).toBe(true);
  });

  scenario("where the package is not installed, destroy and refresh say so and change nothing", async (lab) => {
    const project = lab.bareProject();
    project.link("@pulumi");
    project.link("pulumi-macpool");
    const program = `exports.web = new (require("pulumi-macpool").MacAddress)("web").address;`;
    const stack = await lab.stack({ program, entry: "index.js", directory: project.directory });
    const { outputs } = await stack.up();
    project.unlink("pulumi-macpool");
    for (const operation of ["destroy", "refresh"] as const) {
      expect(await stack.failing(operation)).toContain(
        `pulumi-macpool is not installed in ${project.directory} - run npm install`,
      );
    }
    expect(await lab.register.live()).toEqual([outputs["web"]]);
  });
});
