// `cargo xtask demo --check`: loads the page once in headless Chromium, grounds a sample, and says how it went.
// Exit code 0 when its sentences were answered and nothing went wrong on the way, 1 otherwise.

import { chromium } from "playwright-core";

const url = process.argv[2];
const executablePath = process.env.G2D_CHROMIUM;
if (!url || !executablePath) {
  console.error("usage: G2D_CHROMIUM=/path/to/chromium node check.mjs http://127.0.0.1:PORT/");
  process.exit(1);
}

// The first start compiles the wasm and warms the model up; a slow machine needs its time.
const PATIENCE = 4 * 60 * 1000;
const trouble = [];
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => trouble.push(`error in the page: ${error.message}`));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.origin !== new URL(url).origin) {
      trouble.push(`a request left for ${to.host}`);
    }
  });

  const start = Date.now();
  const since = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  // The page shows what went wrong in an alert; waiting for anything else would only run into the time limit.
  const alert = page.locator("#problem");
  const unlessAlert = (wait) =>
    Promise.race([
      wait,
      alert.waitFor({ state: "visible" }).then(async () => {
        throw new Error(`the page says: ${(await alert.innerText()).replace(/\s+/g, " ").trim()}`);
      }),
    ]);

  await page.goto(url);
  await page.getByRole("button", { name: "New synthetic patient" }).click();
  const report = await page.getByLabel("Report", { exact: true }).elementHandle();
  await unlessAlert(page.waitForFunction((area) => area.value.trim().length > 0, report));
  console.log(`page and sample ready after ${since()}`);
  // Enabled again when the page has grounded the sample by itself.
  await unlessAlert(page.getByRole("button", { name: "Ground the report" }).click());
  const sentences = page.locator("#sentences > li");
  await unlessAlert(sentences.first().waitFor());
  await unlessAlert(page.getByRole("button", { name: "Ground the report" }).click({ trial: true }));
  console.log(`grounded after ${since()}, ${(await page.locator("#device").innerText()).replace(/\s+/g, " ").trim()}`);
  const texts = await sentences.allInnerTexts();
  for (const text of texts) {
    console.log(`  ${text.replace(/\s+/g, " ").trim()}`);
  }
  if (!texts.some((text) => /score\s+-?\d/.test(text))) {
    trouble.push("no sentence has a score");
  }
} catch (error) {
  trouble.push(error.message);
} finally {
  await browser.close();
}
for (const line of trouble) {
  console.error(line);
}
process.exit(trouble.length === 0 ? 0 : 1);
