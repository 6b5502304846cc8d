// The golden files of the format, against what the decoder outside of browsers makes of them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open, SirenError } from "../lib/decode.js";
import { steady } from "./steady.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const golden = join(root, "format/tests/golden");
const out = mkdtempSync(join(tmpdir(), "sirenc-reference-"));
execFileSync("cargo", ["run", "--quiet", "-p", "sirenc-web", "--example", "reference", "--", golden, out], { cwd: root, stdio: "inherit" });
const cases = JSON.parse(readFileSync(join(out, "cases.json")));
after(() => rmSync(out, { recursive: true }));

// SPEC 6.4: 1 in samples of 8 bits, 2^-7 in outputs.
const SAMPLES = 1;
const OUTPUTS = 2 ** -7;

const largest = (a, b) => {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
};
const floats = (name) => {
  const { buffer } = Uint8Array.from(readFileSync(join(out, name)));
  return new Float32Array(buffer);
};

test("files that are refused are refused for the same reason", async () => {
  const refused = cases.filter(({ fault }) => fault);
  assert.ok(refused.length > 50);
  for (const { file, fault, message } of refused) {
    await assert.rejects(open(readFileSync(join(golden, file))), (error) => {
      assert.ok(error instanceof SirenError, `${file}: ${error}`);
      assert.deepEqual([error.fault, error.message], [fault, message], file);
      return true;
    });
  }
});

test("pictures and frames are those of the decoder outside of browsers", async (t) => {
  const rendered = cases.filter(({ render }) => render);
  assert.ok(rendered.length > 50);
  // Of files that are not steady, which have weights as large as they can be, nothing is promised but that they are rendered.
  const unsteady = new Set();
  let [most, chaos] = [0, 0];
  for (const { file, render, facts, answer } of rendered) {
    const siren = await open(readFileSync(join(golden, file)));
    assert.deepEqual({ ...siren }, facts);
    const image = await siren.render(render);
    assert.deepEqual([image.width, image.height], [render.region.width, render.region.height]);
    const off = largest(image.data, readFileSync(join(out, answer)));
    if (!(await steady(siren, [render.width, render.height], render.time))) {
      unsteady.add(file);
      chaos = Math.max(chaos, off);
    } else {
      most = Math.max(most, off);
      assert.ok(off <= SAMPLES, `${file} ${JSON.stringify(render)}: off by ${off}`);
    }
    siren.close();
  }
  assert.deepEqual([...unsteady], ["valid/levels-wide.siren"]);
  t.diagnostic(`largest difference: ${most} of 255 in ${rendered.length} renderings`);
  t.diagnostic(`not steady: ${[...unsteady].join(", ")}; there: ${chaos} of 255`);
});

test("sounds are those of the decoder outside of browsers", async (t) => {
  const played = cases.filter(({ samples }) => samples);
  assert.ok(played.length > 1);
  let most = 0;
  for (const { file, samples, answer } of played) {
    const siren = await open(readFileSync(join(golden, file)));
    const channels = await siren.samples(samples);
    most = Math.max(most, largest(channels.flatMap((channel) => [...channel]), floats(answer)));
  }
  assert.ok(most <= OUTPUTS, `off by ${most}`);
  t.diagnostic(`largest difference: ${most} of full scale`);
});
