import { afterEach, beforeEach, expect, test } from "vitest";
import { type Lab, openLab } from "./support";

let lab: Lab;

beforeEach(() => {
  lab = openLab();
});

afterEach(() => lab.remove());

const GOOGLE = "42:01:00:00:00:00-42:01:ff:ff:ff:ff (Google Cloud instance addresses)";

test("a pool made of nothing but reserved addresses is told of when it is made, with the reservation and both ways out", async () => {
  const init = await lab.macpool("init", "--prefix", "42:01");
  expect(init).toMatchObject({ code: 0, stdout: `${lab.register}\n` });
  expect(init.stderr).toContain('Pool "default" can grant no address');
  expect(init.stderr).toContain(GOOGLE);
  await lab.lines("reserve", "add", "46:00:00:00:00", "--reason", "first half");
  await lab.lines("reserve", "add", "46:00:00:00:01", "--reason", "second half");
  const range = ["--range", "46:00:00:00:00:80-46:00:00:00:01:10"];
  const { stderr } = await lab.macpool("pool", "create", "lab", ...range);
  expect(stderr).toContain("(first half), 46:00:00:00:01:00-46:00:00:00:01:ff (second half)");
  expect(stderr).toContain("macpool pool update lab --add-range");
  expect(stderr).toContain("macpool reserve remove");
  expect(stderr).not.toContain(GOOGLE);
});

test("so is one whose change, or a reservation that comes later, leaves nothing else", async () => {
  await lab.lines("init", "--prefix", "46:00:00:00");
  expect((await lab.macpool("pool", "update", "default", "--description", "d")).stderr).toBe("");
  expect((await lab.macpool("reserve", "add", "46:00:00:00:00", "--reason", "a")).stderr).toBe("");
  expect((await lab.macpool("pool", "update", "default", "--range", "46:00:00:00:00")).stderr).toContain("(a)");
  await lab.lines("pool", "update", "default", "--range", "46:00:00:00");
  expect((await lab.macpool("reserve", "add", "46:00:00", "--reason", "b")).stderr).toContain(
    'Pool "default" can grant no address',
  );
  await lab.lines("reserve", "remove", "46:00:00");
  expect(await lab.lines("next")).toEqual(["46:00:00:00:01:00"]);
});

test("what no command can end is not said to be endable", async () => {
  await lab.lines("init");
  const { stderr } = await lab.macpool("pool", "create", "nlb", "--range", "02:bf:00");
  expect(stderr).toContain("02:bf:00:00:00:00-02:bf:ff:ff:ff:ff (protocol addresses)");
  expect(stderr).not.toContain("reserve remove");
});
