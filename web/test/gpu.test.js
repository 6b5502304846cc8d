// Rendering by WebGL 2 in Chromium, whose processor plays the GPU, beside the workers.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open } from "../lib/decode.js";
import { launch, missing, root, serve } from "./browser.js";
import { steady } from "./steady.js";

const golden = join(root, "format/tests/golden/valid");
const skip = missing || false;
let browser, server, page;
before(async () => {
  if (missing) return;
  browser = await launch();
  server = await serve([], { "/empty.html": "<!DOCTYPE html><title>t</title>" });
  page = await browser.newPage();
  await page.goto(`${server.address}/empty.html`);
  await page.evaluate(async () => {
    const { open } = await import("/lib/decode.js");
    globalThis.opened = (base64) => open(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    globalThis.gpu = await import("/viewer/gpu.js");
  });
});
after(async () => {
  await browser?.close();
  server?.close();
});
const read = (name) => readFileSync(join(golden, name)).toString("base64");

test("pictures and frames are those of the workers, enlarged and at the edges", { skip }, async (t) => {
  let [renderings, samples, differing] = [0, 0, 0];
  for (const name of readdirSync(golden)) {
    const siren = await open(readFileSync(join(golden, name)));
    if (!siren.width || !(await steady(siren, [45, 31], 0.5))) continue;
    const found = await page.evaluate(async (base64) => {
      const siren = await opened(base64);
      const found = await gpu.Gpu.of(siren, { software: true });
      const compared = [];
      for (const scale of [1, 8, 64]) {
        const [width, height] = [siren.width * scale, siren.height * scale];
        const part = { width: Math.min(width, 90), height: Math.min(height, 50) };
        for (const share of [0, 0.6, 1]) {
          const region = { x: Math.floor((width - part.width) * share), y: Math.floor((height - part.height) * share), ...part };
          const options = { width, height, region, points: true, time: siren.seconds ? 0.5 * siren.seconds : 0 };
          const [ours, theirs] = await Promise.all([found.render(options), siren.render(options)]);
          const off = ours.data.map((value, i) => Math.abs(value - theirs.data[i]));
          compared.push({ most: Math.max(...off), differing: off.filter(Boolean).length, samples: off.length });
        }
      }
      found.close();
      return compared;
    }, read(name));
    for (const { most, ...counts } of found) {
      assert.ok(most <= 1, `${name}: off by ${most}`);
      renderings++;
      samples += counts.samples;
      differing += counts.differing;
    }
  }
  assert.ok(renderings > 30);
  assert.ok(differing < 0.01 * samples, `${differing} of ${samples} samples differ`);
  t.diagnostic(`${differing} of ${samples} samples differ by 1, in ${renderings} renderings`);
});

test("the workers take what a GPU cannot", { skip }, async () => {
  const refused = (name, changes) => page.evaluate(async ([base64, changes]) => {
    const siren = await opened(base64);
    try {
      await gpu.Gpu.of(Object.assign(siren, changes), { software: true });
    } catch (error) {
      return error.message;
    }
  }, [read(name), changes]);
  assert.match(await refused("sound-levels.siren", {}), /no picture/);
  assert.match(await refused("levels.siren", { hidden: [65] }), /too wide/);
  assert.match(await refused("levels.siren", { operationsPerPoint: 1e6 }), /too large/);
  assert.match(await refused("grids.siren", { latents: 1e7 }), /too large/);
  // Where the GPU is lost in between, and where it never was, the workers render.
  const most = await page.evaluate(async (base64) => {
    const siren = await opened(base64);
    const original = OffscreenCanvas.prototype.getContext;
    const most = [];
    for (const real of [false, true]) {
      let context;
      OffscreenCanvas.prototype.getContext = function (kind, options) {
        return (context = real ? original.call(this, kind, { ...options, failIfMajorPerformanceCaveat: false }) : null);
      };
      const renderer = gpu.accelerated(siren);
      const options = { width: siren.width * 2, height: siren.height * 2, region: { x: 0, y: 0, width: 40, height: 30 } };
      const theirs = await siren.render(options);
      for (const lost of [false, real]) {
        if (lost) context.getExtension("WEBGL_lose_context").loseContext();
        const ours = await renderer.render(options);
        most.push(Math.max(...ours.data.map((value, i) => Math.abs(value - theirs.data[i]))));
      }
      renderer.close();
    }
    OffscreenCanvas.prototype.getContext = original;
    return most;
  }, read("levels.siren"));
  assert.ok(most.length === 4 && Math.max(...most) <= 1, most.join());
});
