// The module that pages import: what it promises beyond the values themselves.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { INTERACTIVE, open, SirenError } from "../lib/decode.js";

const golden = new URL("../../format/tests/golden/", import.meta.url);
const file = (name) => readFileSync(new URL(`valid/${name}.siren`, golden));
const fault = (wanted, message) => (error) => {
  assert.ok(error instanceof SirenError, String(error));
  assert.equal(error.fault, wanted, error.message);
  if (message) assert.match(error.message, message);
  return true;
};

test("a region is the crop of the whole, and pieces come once each", async () => {
  const siren = await open(file("levels"));
  const whole = await siren.render({ width: 600, height: 400 });
  const rows = new Set();
  const onrows = (image, first, count) => {
    for (let row = first; row < first + count; row++) {
      assert.ok(!rows.has(row));
      rows.add(row);
    }
  };
  const part = await siren.render({ width: 600, height: 400, region: { x: 33, y: 210, width: 500, height: 180 }, onrows });
  assert.equal(rows.size, 180);
  for (let row = 0; row < 180; row++) {
    const at = 4 * ((row + 210) * 600 + 33);
    assert.deepEqual(part.data.subarray(2000 * row, 2000 * (row + 1)), whole.data.subarray(at, at + 2000));
  }
});

test("a side that is not given keeps the ratio", async () => {
  const siren = await open(file("levels"));
  const sizes = [{}, { width: 60 }, { height: 10 }, { width: 7, height: 9 }];
  const found = [];
  for (const size of sizes) {
    const { width, height } = await siren.render(size);
    found.push([width, height]);
  }
  assert.deepEqual(found, [[30, 20], [60, 40], [15, 10], [7, 9]]);
});

test("a rendering can be given up, and the next one works", async () => {
  const siren = await open(file("levels"));
  const controller = new AbortController();
  const reason = new Error("enough");
  let pieces = 0;
  const onrows = () => {
    if (pieces++ === 0) controller.abort(reason);
  };
  await assert.rejects(siren.render({ width: 6000, signal: controller.signal, onrows }), (error) => error === reason);
  assert.equal(pieces, 1);
  await assert.rejects(siren.render({ signal: controller.signal }), (error) => error === reason);
  assert.equal((await siren.render()).width, 30);
});

test("limits are those of the library, and can be changed", async () => {
  await assert.rejects(open(file("levels"), { limits: { side: 29 } }), fault("limit", /30 pixels along its longer side.*29/));
  await assert.rejects(open(file("levels"), { limits: { size: 1 } }), fault("request", /no limit "size"/));
  await assert.rejects(open(file("levels"), { limits: { side: NaN } }), fault("request"));
  const siren = await open(file("levels"), { limits: { pixels: 1000 } });
  await assert.rejects(siren.render({ width: 60 }), fault("limit", /2400 pixels.*1000/));
  // All of a view counts, not only the piece that is rendered first.
  await assert.rejects((await open(file("levels"))).render({ width: 80_000, height: 60_000 }), fault("limit"));
  const own = await open(file("levels"), { limits: INTERACTIVE });
  await assert.rejects(own.render({ width: 2 ** 20, height: 2 ** 20 }), fault("limit"));
});

test("what makes no sense is refused in words", async () => {
  const siren = await open(file("levels"));
  for (const options of [
    { width: 0 }, { width: 1.5 }, { width: -1 }, { width: 2 ** 33 }, { derivative: "curl" }, { region: { x: 1 } },
    { region: { width: 0 } }, { width: NaN },
  ]) {
    await assert.rejects(siren.render(options), fault("request"), JSON.stringify(options));
  }
  await assert.rejects(siren.samples({ rate: 1, from: 0, to: 1 }), fault("request", /holds a picture, not a sound/));
  await assert.rejects(siren.mesh(), fault("request", /holds a picture, not a shape/));
  const video = await open(file("video"));
  await assert.rejects(video.render({ derivative: "gradient" }), fault("request"));
  await assert.rejects(video.render({ time: 1.01 * video.seconds }), fault("request"));
  const sound = await open(file("sound-levels"));
  await assert.rejects(sound.samples({ from: 1, to: 9 }), fault("request"));
  await assert.rejects(sound.samples({ rate: 0 }), fault("request"));
  await assert.rejects(sound.render({ width: 1, height: 1 }), fault("request", /holds a sound/));
  await assert.rejects(open("levels.siren"), fault("file"));
});

test("a part of a sound is that part of the whole", async () => {
  const sound = await open(file("sound-levels"));
  const rate = 100_000; // more frames than a piece has
  const whole = await sound.samples({ rate });
  const part = await sound.samples({ rate, from: 0.25, to: 1.1 });
  assert.deepEqual([whole.length, whole[0].length, part[1].length], [2, 130_000, 85_000]);
  part.forEach((channel, c) => assert.deepEqual(channel, whole[c].subarray(25_000, 110_000)));
});

test("broken files end in an error, and the decoder lives", async () => {
  for (const name of readdirSync(new URL("valid/", golden))) {
    const bytes = readFileSync(new URL(`valid/${name}`, golden));
    const broken = [0, 5, 12, bytes.length >> 1, bytes.length - 1].map((end) => bytes.subarray(0, end));
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] ^= 1 << at % 8;
      broken.push(flipped);
    }
    const refused = broken.map((piece) => assert.rejects(open(piece), fault("file")));
    await Promise.all(refused);
  }
  assert.equal((await (await open(file("grids"))).render()).width, 30);
});

test("a closed file is forgotten, and others are not", async () => {
  const [a, b] = await Promise.all([open(file("levels")), open(file("grids"))]);
  a.close();
  assert.equal((await b.render({ width: 8 })).width, 8);
  // Its bytes are still known to whoever holds it.
  assert.equal((await a.render({ width: 8 })).width, 8);
});
