// What every test of the page needs: one browser a file, a fresh context a page, and a record of
// everything that must not happen.
//
// G2D_URL        address of the served page
// G2D_CHROMIUM   the browser, /usr/bin/chromium when not given
// G2D_SHOTS      a folder for screenshots, none are taken when not given

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";

export const URL_BASE = process.env.G2D_URL;
if (!URL_BASE) throw new Error("set G2D_URL to the address of the served page");

// A software GPU on a busy machine takes its time.
export const PATIENCE = 5 * 60 * 1000;

const executablePath = process.env.G2D_CHROMIUM ?? "/usr/bin/chromium";
const args = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

let browser;
after(async () => browser?.close());

/// Opens the page with the given query; `prepare` may route requests first.
export async function open(query = "", { prepare, ...options } = {}) {
  browser ??= await chromium.launch({ executablePath, args });
  const context = await browser.newContext({
    viewport: { width: 1400, height: 1000 },
    acceptDownloads: true,
    ...options,
  });
  const log = { requests: [], trouble: [] };
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("request", (request) => log.requests.push(request.url()));
  page.on("pageerror", (error) => log.trouble.push(`error in the page: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") log.trouble.push(`console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await prepare?.(page);
  const response = await page.goto(new URL(query, URL_BASE).href);
  await page.waitForSelector("body.started");
  return { page, context, log, response };
}

/// Waits for the model; fails with the page's own words when it cannot be loaded.
export async function ready(page) {
  await page.waitForFunction(() => {
    const visible = (id) => !document.getElementById(id).hidden;
    return visible("device") || visible("problem");
  });
  assert.equal(await page.isVisible("#problem"), false, await page.innerText("#problem"));
}

/// Clicks something that grounds a report, and gives the new outcome.
export async function grounds(page, press) {
  await page.evaluate(() => delete globalThis.g2dDebug);
  await press();
  await page.waitForFunction(
    () => globalThis.g2dDebug || !document.getElementById("problem").hidden,
  );
  const problem = await page.isVisible("#problem");
  assert.equal(problem, false, problem ? await page.innerText("#problem") : "");
  return JSON.parse(await page.evaluate(() => globalThis.g2dDebug.outcome));
}

/// The one-click sample with that name.
export const sample = (page, name = "Effusion") =>
  grounds(page, () => page.getByRole("button", { name, exact: true }).click());

/// Waits for the error panel and gives its code; the panel must say what happened and what to do.
export async function problem(page) {
  await page.waitForSelector("#problem:not([hidden])");
  for (const id of ["#problem-what", "#problem-remedy"]) {
    const words = (await page.innerText(id)).trim();
    assert.ok(words.length > 15 && words.endsWith("."), `${id} says ${JSON.stringify(words)}`);
  }
  return (await page.innerText("#problem-code")).trim();
}

/// Nothing left the origin, nothing was written to the console as an error.
export function clean(log) {
  const origin = new URL(URL_BASE).origin;
  const strangers = log.requests.filter((url) => {
    const { protocol, origin: to } = new URL(url);
    return protocol.startsWith("http") && to !== origin;
  });
  assert.deepEqual(strangers, [], "requests to other hosts");
  assert.deepEqual(log.trouble, []);
}

/// Takes a screenshot where G2D_SHOTS names a folder.
export async function shot(page, name, options = {}) {
  if (!process.env.G2D_SHOTS) return;
  mkdirSync(process.env.G2D_SHOTS, { recursive: true });
  await page.mouse.move(2, 2);
  await page.screenshot({ path: join(process.env.G2D_SHOTS, `${name}.png`), ...options });
}

/// Number of canvas pixels that are not grey: those with something laid over the film.
export const coloured = (page) =>
  page.evaluate(() => {
    const canvas = document.getElementById("viewer-canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) count += 1;
    }
    return count;
  });
