// The promise of this repository: the page and `g2d predict` give the same result.
//
// G2D_FILM, G2D_REPORT   an image file and its report; without them a real film from
//                        ../shared/data/cxr beside the repository, and without that a synthetic one
// G2D_CLI_DIR            the result folder that `g2d predict --maps` wrote for them; without it
// G2D_BIN                the g2d program, which is then run with static/model

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { clean, grounds, open, ready, shot } from "./browser.mjs";

const MAP_TOLERANCE = 1e-3;
const MASK_TOLERANCE = 0.005;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const work = mkdtempSync(join(tmpdir(), "g2d-same-result-"));
after(() => rmSync(work, { recursive: true, force: true }));
const { G2D_BIN: bin, G2D_FILM: film, G2D_REPORT: report, G2D_CLI_DIR: given } = process.env;

function chosenCase() {
  if (film && report) return { film, report: readFileSync(report, "utf8"), real: true };
  const cxr = join(root, "../shared/data/cxr");
  if (existsSync(join(cxr, "manifest.jsonl"))) {
    const rows = readFileSync(join(cxr, "manifest.jsonl"), "utf8").trim().split("\n");
    const row = rows.map((line) => JSON.parse(line)).find((r) => r.text_kind === "report");
    return { film: join(cxr, row.file), report: row.text, real: true };
  }
  console.log("no ../shared/data/cxr beside the repository: a synthetic film stands in");
  if (!bin) return null;
  const folder = join(work, "synth");
  execFileSync(bin, ["data", "synth", "--out", folder, "--count", "2", "--seed", "2025"]);
  const manifest = readdirSync(folder).find((name) => name.endsWith(".jsonl"));
  const row = JSON.parse(readFileSync(join(folder, manifest), "utf8").trim().split("\n")[1]);
  const text = row.text ?? `FINDINGS: ${row.findings ?? ""}\nIMPRESSION: ${row.impression ?? ""}`;
  return { film: join(folder, row.image), report: text, real: false };
}

function commandLine({ film, report }) {
  let folder = given;
  if (!folder) {
    const text = join(work, "report.txt");
    writeFileSync(text, report);
    folder = join(work, "out");
    const model = join(root, "static/model");
    const args = ["predict", film, "--report", text, "--model", model, "--out", folder];
    execFileSync(bin, [...args, "--device", "cpu", "--maps"], { stdio: "inherit" });
  }
  if (!existsSync(join(folder, "outcome.json"))) folder = join(folder, readdirSync(folder)[0]);
  const floats = (name) => {
    const path = join(folder, "maps", `${name}.f32`);
    if (!existsSync(path)) return null;
    const bytes = readFileSync(path);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  };
  const outcome = JSON.parse(readFileSync(join(folder, "outcome.json"), "utf8"));
  const maps = outcome.sentences.map((_, i) => floats(`sentence-${i}`));
  return { outcome, maps, pseudo: floats("pseudo"), decoder: floats("decoder") };
}

// COCO's compressed run lengths: six bits a character, least first, from the third count on as
// differences to the count before last; pixels by columns.
function decodeRle({ size: [height, width], counts }) {
  const runs = [];
  for (let i = 0; i < counts.length; ) {
    let [value, shift, more] = [0, 0, true];
    while (more) {
      const c = counts.charCodeAt(i) - 48;
      i += 1;
      value |= (c & 31) << shift;
      more = (c & 32) !== 0;
      shift += 5;
      if (!more && c & 16) value |= -1 << shift;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  const mask = new Uint8Array(width * height);
  let [at, bit] = [0, 0];
  for (const run of runs) {
    for (let k = at; bit && k < at + run; k += 1) {
      mask[(k % height) * width + Math.floor(k / height)] = 1;
    }
    at += run;
    bit = 1 - bit;
  }
  assert.equal(at, width * height, "the runs must cover the image");
  return mask;
}

function farthest(a, b, name) {
  assert.equal(a === null, b === null, `${name} is there on one side only`);
  if (a === null) return 0;
  assert.equal(a.length, b.length, `${name} has another size`);
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0);
}

function differing(a, b, name) {
  assert.equal(a === null, b === null, `${name} is there on one side only`);
  if (a === null) return 0;
  const [one, two] = [decodeRle(a), decodeRle(b)];
  assert.equal(one.length, two.length, `${name} has another size`);
  return one.reduce((count, v, i) => count + (v !== two[i] ? 1 : 0), 0) / one.length;
}

const study = chosenCase();
const reference = study && (given || bin) ? commandLine(study) : null;
const skip = reference ? false : "needs G2D_BIN, or G2D_FILM, G2D_REPORT and G2D_CLI_DIR";

for (const backend of ["cpu", "webgpu"]) {
  test(`the page on ${backend} agrees with the command line`, { skip }, async () => {
    const { page, log } = await open(`?backend=${backend}&debug=1`);
    await ready(page);
    await page.getByLabel("X-ray", { exact: true }).setInputFiles(study.film);
    await page.getByLabel("Report", { exact: true }).fill(study.report);
    const outcome = await grounds(page, () => page.getByRole("button", { name: "Ground the report" }).click());
    await shot(page, `${study.real ? "film" : "synthetic"}-${backend}`);
    const raw = await page.evaluate(() => {
      const { maps, masks, pseudo, decoder } = globalThis.g2dDebug;
      const list = (a) => a && Array.from(a);
      return { maps: maps.map(list), masks: masks.map(list), pseudo: list(pseudo), decoder: list(decoder) };
    });

    const facts = (o) =>
      o.sentences.map(({ text, start, end, section, assertion }) => [text, start, end, section, assertion]);
    assert.deepEqual(facts(outcome), facts(reference.outcome));
    assert.deepEqual(Object.keys(outcome), Object.keys(reference.outcome));
    assert.deepEqual(outcome.image, reference.outcome.image);
    assert.deepEqual(outcome.model, reference.outcome.model);

    for (const [i, sentence] of outcome.sentences.entries()) {
      const other = reference.outcome.sentences[i];
      const far = farthest(raw.maps[i], reference.maps[i], `map ${i}`);
      assert.ok(far <= MAP_TOLERANCE, `map ${i} differs by ${far}`);
      const share = differing(sentence.mask, other.mask, `mask ${i}`);
      assert.ok(share <= MASK_TOLERANCE, `mask ${i} differs in ${share} of the pixels`);
      if (sentence.mask) {
        assert.deepEqual(raw.masks[i], Array.from(decodeRle(sentence.mask)), "mask and RLE");
      }
      console.log(`  sentence ${i}: map within ${far.toExponential(1)}, mask ${(100 * share).toFixed(3)}%`);
    }
    for (const name of ["pseudo", "decoder"]) {
      const far = farthest(raw[name], reference[name], name);
      if (name === "decoder") assert.ok(far <= MAP_TOLERANCE, `${name} differs by ${far}`);
      const key = `${name}_mask`;
      const share = differing(outcome[key], reference.outcome[key], key);
      assert.ok(share <= MASK_TOLERANCE, `${key} differs in ${share} of the pixels`);
      console.log(`  ${name}: within ${far.toExponential(1)}, mask ${(100 * share).toFixed(3)}%`);
    }
    clean(log);
    await page.context().close();
  });
}
