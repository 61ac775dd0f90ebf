// The page as a user meets it: it loads, grounds, hides, downloads, forgets, and talks to nobody.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clean, coloured, grounds, open, ready, sample, shot } from "./browser.mjs";
import { filmLike } from "./png.mjs";

test("the built page has no inline script or style and strict headers", async () => {
  const { page, log, response } = await open("?backend=cpu");
  const html = await response.text();
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)/i);
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/i);
  const headers = response.headers();
  assert.match(headers["content-security-policy"], /^default-src 'none';/);
  assert.doesNotMatch(headers["content-security-policy"], /unsafe-inline|'unsafe-eval'|https?:/);
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.ok(await page.getByText("Not for clinical use.").first().isVisible());
  await ready(page);
  clean(log);
  await page.context().close();
});

test("a software adapter is passed over, and the page says so", async () => {
  const { page, log } = await open();
  await ready(page);
  assert.equal(await page.innerText("#device-backend"), "CPU");
  assert.match(await page.innerText("#device-reason"), /software|no WebGPU/);
  clean(log);
  await page.context().close();
});

for (const [backend, name] of [["cpu", "CPU"], ["webgpu", "WebGPU"]]) {
  test(`a synthetic patient is grounded on ${name}`, async () => {
    const { page, log } = await open(`?backend=${backend}&debug=1`);
    await ready(page);
    assert.equal(await page.innerText("#device-backend"), name);
    const before = log.requests.length;
    const outcome = await sample(page);
    assert.equal(log.requests.length, before, "grounding must not cause a request");
    assert.equal(outcome.schema_version, 1);
    assert.match(outcome.notice, /Not for clinical use/);
    assert.equal(outcome.device.backend, backend);
    assert.ok(outcome.sentences.some((s) => s.score !== null));
    assert.equal(await page.locator("#sentences > li").count(), outcome.sentences.length);
    assert.match(await page.innerText("#stage"), /^Done: /);
    clean(log);
    await page.context().close();
  });
}

test("sentences show and hide their masks, negated ones have none", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  const outcome = await sample(page);
  const pixels = () => page.evaluate(() => document.getElementById("viewer-canvas").toDataURL());
  let shown = 0;
  for (const [i, sentence] of outcome.sentences.entries()) {
    const row = page.locator(`#sentence-${i}`);
    if (sentence.assertion === "absent") {
      assert.equal(await row.evaluate((e) => e.tagName), "DIV");
      assert.match(await row.innerText(), /negated: nothing to show/);
      assert.equal(sentence.mask, null);
      continue;
    }
    // A page runs spaces and line ends of a dictated text together.
    const words = (text) => text.replace(/\s+/g, " ");
    assert.ok(words(await row.innerText()).includes(words(sentence.text)));
    if (!sentence.mask) continue;
    shown += 1;
    const withMask = await pixels();
    assert.ok((await coloured(page)) > 0);
    assert.equal(await row.getAttribute("aria-pressed"), "true");
    await row.click();
    assert.equal(await row.getAttribute("aria-pressed"), "false");
    await page.mouse.move(2, 2);
    assert.notEqual(await pixels(), withMask, "hiding a mask must be seen");
  }
  assert.ok(shown > 0, "the sample must have a mask");
  assert.equal(await coloured(page), 0, "all masks are hidden");

  await page.getByLabel("Raw heat map").check();
  await page.locator("button.sentence").first().click();
  assert.ok((await coloured(page)) > 1000);
  assert.match(await page.innerText("#legend-title"), /^Similarity to sentence \d+$/);
  clean(log);
  await page.context().close();
});

test("truth, opacity and the second tab", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  await sample(page, "Pneumothorax");
  await shot(page, "phantom");
  const pixels = () => page.evaluate(() => document.getElementById("viewer-canvas").toDataURL());
  const plain = await pixels();
  await page.getByLabel("Show truth").check();
  assert.notEqual(await pixels(), plain, "the true outlines must be seen");
  assert.match(await page.innerText("#truth-names"), /pneumothorax/);
  await shot(page, "phantom-truth");
  await page.getByLabel("Show truth").uncheck();
  assert.equal(await pixels(), plain);
  await page.getByRole("slider", { name: "Opacity" }).fill("80");
  assert.notEqual(await pixels(), plain);
  assert.match(await page.getAttribute("#viewer-canvas", "aria-label"), /Sentence \d/);

  await page.getByRole("tab", { name: "Where the network looks" }).click();
  assert.match(await page.innerText("#panel-looks"), /not what the text says/);
  for (const look of ["input", "attention", "upsampled", "body", "threshold", "target", "decoder"]) {
    const size = await page.locator(`#look-${look}`).evaluate((c) => [c.width, c.height]);
    assert.ok(size[0] > 1 && size[0] === size[1], `${look}: ${size}`);
  }
  await shot(page, "looks");
  clean(log);
  await page.context().close();
});

test("downloads are what was computed and are not named after the file", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  const film = { name: "Doe^Jane-1970.png", mimeType: "image/png", buffer: filmLike(300, 280) };
  await page.getByLabel("X-ray", { exact: true }).setInputFiles(film);
  await page.getByLabel("Report", { exact: true }).fill("Opacity in the left lower lobe.");
  const outcome = await grounds(page, () => page.getByRole("button", { name: "Ground the report" }).click());
  assert.deepEqual(outcome.image, { width: 300, height: 280 });
  assert.doesNotMatch(await page.content(), /Doe|1970/);

  const get = async (name) => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name }).click(),
    ]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
  };
  const json = await get("Download JSON");
  assert.match(json.name, /^g2d-[0-9a-f]{8}\.json$/);
  const debug = await page.evaluate(() => globalThis.g2dDebug.outcome);
  assert.equal(json.bytes.toString("utf8"), debug);
  const picture = await get("Download PNG");
  assert.match(picture.name, /^g2d-[0-9a-f]{8}\.png$/);
  assert.equal(picture.bytes.subarray(1, 4).toString("latin1"), "PNG");
  const canvas = await page.locator("#viewer-canvas").evaluate((c) => [c.width, c.height]);
  assert.equal(picture.bytes.readUInt32BE(16), canvas[0]);
  assert.ok(picture.bytes.readUInt32BE(20) > canvas[1] + 20, "there is a strip with the notice");
  clean(log);
  await page.context().close();
});

test("every control is reached with the keyboard and shows its focus", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  await sample(page);
  await page.evaluate(() => document.activeElement.blur());
  const reached = new Set();
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press("Tab");
    const [id, name, outlined] = await page.evaluate(() => {
      const e = document.activeElement;
      return [e.id, e.textContent.trim(), getComputedStyle(e).outlineStyle !== "none"];
    });
    if (!id && !name) break;
    if (reached.has(id || name)) break;
    reached.add(id || name);
    assert.ok(outlined || id === "", `${id || name} has no visible focus`);
  }
  const wanted = [
    "film", "Effusion", "Pneumothorax", "Nodule", "new-phantom", "report", "ground",
    "tab-sentences", "download-json", "download-png", "forget", "mode-masks", "opacity", "truth",
  ];
  for (const id of wanted) assert.ok(reached.has(id), `${id} is not reached: ${[...reached]}`);

  const first = page.locator("button.sentence[aria-pressed]").first();
  await first.focus();
  await page.keyboard.press("Enter");
  assert.equal(await first.getAttribute("aria-pressed"), "false");
  await page.locator("#tab-sentences").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getAttribute("#tab-looks", "aria-selected"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-looks");
  clean(log);
  await page.context().close();
});

test("a worker that dies is replaced and the case is kept", async () => {
  const { page } = await open("?backend=cpu&debug=1");
  await sample(page);
  const report = await page.inputValue("#report");
  await page.workers()[0].evaluate(() => {
    setTimeout(() => {
      throw new Error("ended by the test");
    });
  });
  await page.waitForSelector("#problem:not([hidden])");
  assert.equal(await page.innerText("#problem-code"), "G2D-P21");
  await page.waitForSelector("#device:not([hidden])");
  assert.equal(await page.inputValue("#report"), report);
  const outcome = await grounds(page, () => page.getByRole("button", { name: "Ground the report" }).click());
  assert.ok(outcome.sentences.length > 0);
  await page.context().close();
});

test("forgetting leaves nothing on the page", async () => {
  const { page, log } = await open("?backend=cpu&debug=1");
  await sample(page);
  await page.getByRole("button", { name: "Forget this case" }).click();
  assert.equal(await page.inputValue("#report"), "");
  assert.equal(await page.isVisible("#viewer-canvas"), false);
  assert.equal(await page.locator("#sentences > li").count(), 0);
  assert.equal(await page.evaluate(() => typeof globalThis.g2dDebug), "undefined");
  assert.ok(await page.getByRole("button", { name: "Download JSON" }).isDisabled());
  await sample(page, "Nodule");
  clean(log);
  await page.context().close();
});

test("once loaded the page needs no network", async () => {
  const { page, context } = await open("?backend=cpu&debug=1");
  await ready(page);
  await context.setOffline(true);
  const outcome = await sample(page);
  assert.ok(outcome.sentences.length > 0);
  await context.close();
});

test("phones and dark rooms", async () => {
  const { page, log } = await open("?backend=cpu&debug=1", {
    viewport: { width: 390, height: 844 },
    colorScheme: "dark",
  });
  await sample(page, "Nodule");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, 390, "nothing may stick out sideways");
  await shot(page, "phone-dark");
  clean(log);
  await page.context().close();
});
