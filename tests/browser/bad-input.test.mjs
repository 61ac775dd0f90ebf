// Input that cannot be used: each gets a clear message, and the page goes on working.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, grounds, open, problem, sample, shot } from "./browser.mjs";
import { announced, filmLike, png } from "./png.mjs";

const good = filmLike(256, 256);
const whole = png(64, 64, (x, y) => (x * y) % 251);
const FILES = [
  ["a truncated PNG", whole.subarray(0, whole.length / 2), /^G2D-I/],
  ["a text file renamed", Buffer.from("This is not an image.\n".repeat(50)), /^G2D-I/],
  ["an empty file", Buffer.alloc(0), /^G2D-I/],
  ["a header of 60,000 x 60,000 pixels", announced(60_000, 60_000), /^G2D-L/],
];

const give = (page, buffer) =>
  page
    .getByLabel("X-ray", { exact: true })
    .setInputFiles({ name: "film.png", mimeType: "image/png", buffer });

// A million letters are pasted, not typed.
const paste = (page, text) =>
  page.evaluate((value) => {
    const area = document.getElementById("report");
    area.value = value;
    area.dispatchEvent(new Event("input"));
  }, text);

test("bad images", async (t) => {
  const { page, log } = await open("?backend=cpu&debug=1");
  for (const [name, bytes, code] of FILES) {
    await t.test(name, async () => {
      await give(page, bytes);
      assert.match(await problem(page), code);
      assert.equal(await page.isVisible("#viewer-canvas"), false, "no older film may stay");
      if (name.includes("60,000")) await shot(page, "bad-image");
      const outcome = await sample(page);
      assert.ok(outcome.sentences.length > 0, "the page goes on working");
    });
  }
  clean(log);
  await page.context().close();
});

test("bad reports", async (t) => {
  const { page, log } = await open("?backend=cpu&debug=1");
  await give(page, good);
  const press = () => page.getByRole("button", { name: "Ground the report" }).click();
  const cases = [
    ["an empty report", "", /^G2D-I2/],
    ["a report of blanks", " \n\t\n", /^G2D-I2/],
    ["a report of one megabyte", "No pleural effusion. ".repeat(50_000), /^G2D-L2/],
  ];
  for (const [name, text, code] of cases) {
    await t.test(name, async () => {
      await paste(page, text);
      await press();
      assert.match(await problem(page), code);
      await paste(page, "There is a right pleural effusion.");
      const outcome = await grounds(page, press);
      assert.equal(outcome.sentences.length, 1, "the page goes on working");
    });
  }
  clean(log);
  await page.context().close();
});

test("no film at all", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  await page.getByRole("button", { name: "Ground the report" }).click();
  assert.equal(await problem(page), "G2D-P40");
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.isVisible("#problem"), false);
  clean(log);
  await page.context().close();
});
