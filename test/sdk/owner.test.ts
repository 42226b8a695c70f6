import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownerFromUrn, ownerOf } from "../../sdk/owner";
import { deploy, finish, Vm } from "./harness";

const TYPE = "pulumi-nodejs:dynamic/macpool:MacAddress";

describe("ownerFromUrn", () => {
  it.each([
    [`urn:pulumi:prod::network::${TYPE}::web-1-nic`, "acme/network/prod/web-1-nic"],
    [`urn:pulumi:prod::network::lab:vm:Vm$${TYPE}::web-2-nic`, "acme/network/prod/lab:vm:Vm/web-2-nic"],
    [`urn:pulumi:prod::network::a:b:C$lab:vm:Vm$${TYPE}::nic`, "acme/network/prod/a:b:C$lab:vm:Vm/nic"],
    [
      `urn:pulumi:prod::network::aws:ec2/instance:Instance$${TYPE}::nic`,
      "acme/network/prod/aws:ec2/instance:Instance/nic",
    ],
    [`urn:pulumi:prod::network::${TYPE}::vm/eth0`, "acme/network/prod/vm%2Feth0"],
    [`urn:pulumi:prod::network::${TYPE}::50%::a b`, "acme/network/prod/50%25::a b"],
    [`urn:pulumi:prod::network::${TYPE}::přílišný-ノード`, "acme/network/prod/přílišný-ノード"],
    [`urn:pulumi:prod::network::${TYPE}::a\nb\u0085\ud800`, "acme/network/prod/a%0Ab%85%D800"],
  ])("of %j is %j", (urn, owner) => {
    expect(ownerFromUrn(urn, "acme")).toBe(owner);
  });

  it.each(["", "web-1-nic", "urn:pulumi:prod::network::type"])("refuses %j, which is no URN", (text) => {
    expect(() => ownerFromUrn(text, "acme")).toThrow(/not the URN/);
  });
});

/** Texts made of exactly those characters that could be taken for something else. */
const tricky = (...alphabet: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 6 }).map((chars) => chars.join("")),
    fc.string({ minLength: 1, maxLength: 4, unit: "binary" }),
  );
const slug = tricky("a", "/", "%", "2", "F", "5").filter((text) => !text.includes(":"));
const type = tricky("a", "/", ":", "%").filter(
  (text) => !text.includes("::") && !text.includes("$") && !/^:|:$/.test(text),
);
const parts = fc.record({
  organization: slug,
  project: slug,
  stack: slug,
  chain: fc.array(type, { maxLength: 3 }),
  name: tricky("a", "/", ":", "%", "$", "2", "F", "5", "D", "8", "0", "\n", "\ud800"),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

const ownerOfParts = ({ organization, project, stack, chain, name }: Parts): string =>
  ownerFromUrn(`urn:pulumi:${stack}::${project}::${[...chain, TYPE].join("$")}::${name}`, organization);

/** Reads an owner back, which proves that nothing was lost. */
function partsOfOwner(owner: string): Parts {
  const plain = (text = ""): string =>
    text.replace(/%(D...|..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const [organization, project, stack, ...rest] = owner.split("/");
  const name = rest.pop();
  const chain = rest.length === 0 ? [] : rest.join("/").split("$");
  return {
    organization: plain(organization),
    project: plain(project),
    stack: plain(stack),
    chain,
    name: plain(name),
  };
}

describe("different URNs", () => {
  it("never give one owner, because an owner can be read back", () => {
    fc.assert(
      fc.property(parts, (given) => {
        expect(partsOfOwner(ownerOfParts(given))).toEqual(given);
      }),
      { numRuns: 5000 },
    );
  });

  it("never give one owner when their parts are cut differently", () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(ownerOfParts(a)).not.toBe(ownerOfParts(b));
      }),
      { numRuns: 5000 },
    );
  });

  it("give owners without the control characters and lone surrogates that the register refuses", () => {
    fc.assert(
      fc.property(parts, (given) => {
        expect(ownerOfParts({ ...given, chain: [] })).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});

describe("ownerOf", () => {
  beforeEach(async () => {
    await deploy();
  });
  afterEach(finish);

  it("is organization, project, stack and name at the top of a stack", async () => {
    expect(await ownerOf("web-1-nic", TYPE)).toBe("acme/network/prod/web-1-nic");
  });

  it("names the type of the parent, not the parent", async () => {
    expect(await ownerOf("web-2-nic", TYPE, new Vm("web-2"))).toBe("acme/network/prod/lab:vm:Vm/web-2-nic");
  });

  it("does not depend on the parent's name, whatever it holds", async () => {
    expect(await ownerOf("nic", TYPE, new Vm("rack::1::web"))).toBe("acme/network/prod/lab:vm:Vm/nic");
  });

  it("is not an Output, which would wait for the component that it is part of", () => {
    expect(ownerOf("nic", TYPE, new Vm("web"))).toBeInstanceOf(Promise);
  });

  it("belongs to Pulumi's own organization for none when there is none", async () => {
    await deploy({ organization: "" });
    expect(await ownerOf("m0", TYPE)).toBe("organization/network/prod/m0");
  });

  it("leaves the root stack resource out of the chain", async () => {
    await pulumi.runtime.runInPulumiStack(async () => {
      const stack = pulumi.runtime.getStackResource();
      expect(await ownerOf("nic", TYPE, stack)).toBe("acme/network/prod/nic");
    });
  });
});
