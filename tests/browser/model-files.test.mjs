// A model that did not arrive as it was published: a clear message, a way to try again, and a page
// that still shows films.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, problem, ready, sample, shot } from "./browser.mjs";
import { filmLike } from "./png.mjs";

const WEIGHTS = "**/model/model*.safetensors";

const altered = async (route) => {
  const response = await route.fetch();
  const body = await response.body();
  body[body.length - 1] ^= 1;
  await route.fulfill({ response, body });
};
const shorter = async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, body: (await response.body()).subarray(0, 1000) });
};
const missing = (route) => route.fulfill({ status: 404, body: "not found" });
const page_instead = (route) =>
  route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html>" });

const CASES = [
  ["weights with a wrong hash", WEIGHTS, altered, /^G2D-W/],
  ["weights that are cut short", WEIGHTS, shorter, /^G2D-W/],
  ["a missing shard", WEIGHTS, missing, /^G2D-P02$/],
  ["a missing manifest", "**/model/manifest.json", missing, /^G2D-P02$/],
  ["a page in place of the manifest", "**/model/manifest.json", page_instead, /^G2D-W/],
  ["a connection that breaks", WEIGHTS, (route) => route.abort(), /^G2D-P0[13]$/],
];

for (const [name, pattern, handler, code] of CASES) {
  test(name, async () => {
    const { page } = await open("?backend=cpu&debug=1", {
      prepare: (page) => page.route(pattern, handler),
    });
    assert.match(await problem(page), code);
    if (code.test("G2D-P02")) await shot(page, "missing-model");

    const film = { name: "film.png", mimeType: "image/png", buffer: filmLike(200, 200) };
    await page.getByLabel("X-ray", { exact: true }).setInputFiles(film);
    await page.waitForSelector("#viewer-canvas:not([hidden])");

    await page.unroute(pattern);
    await page.getByRole("button", { name: "Ground the report" }).click();
    assert.equal(await problem(page), "G2D-P41");
    await page.getByRole("button", { name: "Try again" }).click();
    await ready(page);
    const outcome = await sample(page);
    assert.ok(outcome.sentences.length > 0);
    await page.context().close();
  });
}

test("a worker that cannot start says so", async () => {
  const { page } = await open("?backend=cpu", {
    prepare: (page) => page.route("**/worker_bg.wasm", missing),
  });
  assert.equal(await problem(page), "G2D-P21");
  await page.getByRole("button", { name: "Try again" }).waitFor({ state: "visible" });
  await page.unroute("**/worker_bg.wasm");
  await page.getByRole("button", { name: "Try again" }).click();
  await ready(page);
  await page.context().close();
});
