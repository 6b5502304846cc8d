// The page of `sirenc view` in Chromium.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open as decode } from "../lib/decode.js";
import { launch, missing, prepare, rest } from "./browser.js";

const shots = fileURLToPath(new URL("shots/", import.meta.url));
const skip = missing || false;
const [PHOTO, BALL, SOUND, VIDEO, GRIDS] = [0, 1, 2, 3, 4].map(String);

let browser, files, page, photo;
before(async () => {
  if (missing) return;
  mkdirSync(shots, { recursive: true });
  files = prepare();
  photo = await decode(readFileSync(files.files[0]));
  browser = await launch();
  page = await browser.newPage({ viewport: { width: 900, height: 900 } });
  page.failures = [];
  page.on("pageerror", (error) => page.failures.push(error.message));
  page.on("requestfailed", (request) => page.failures.push(request.url()));
  await page.goto(files.page);
  await rest(page);
});
after(async () => {
  await browser?.close();
  if (files) rmSync(files.folder, { recursive: true });
});

const choose = async (file) => {
  await page.selectOption("#files", file);
  await rest(page);
};
// The pixels of a part of the canvas.
const seen = (x, y, width, height) =>
  page.evaluate((box) => [...document.getElementById("canvas").getContext("2d").getImageData(...box).data], [x, y, width, height]);
const size = () => page.evaluate(() => [document.getElementById("canvas").width, document.getElementById("canvas").height]);
const largest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

// What the module renders of the photo where `box` of the canvas shows its middle at `zoom`.
async function expected(zoom, [x, y, width, height], derivative) {
  const whole = [photo.width * zoom, photo.height * zoom];
  const corner = (await size()).map((side, axis) => Math.round(side / 2 - whole[axis] / 2));
  const region = { x: x - corner[0], y: y - corner[1], width, height };
  return (await photo.render({ width: whole[0], height: whole[1], region, derivative })).data;
}

test("a picture is evaluated at every pixel, at any zoom, and as derivatives", { skip }, async () => {
  await choose(PHOTO);
  await page.uncheck("#compare");
  const [width, height] = await size();
  for (const [button, zoom] of [["#one", 1], ["#eight", 8], ["#sixtyfour", 64]]) {
    await page.click(button);
    await rest(page);
    await page.screenshot({ path: `${shots}viewer-${zoom}.png` });
    const box = [width / 2 - 60, height / 2 - 50, 120, 100].map(Math.round);
    assert.ok(largest(await seen(...box), await expected(zoom, box)) <= 1, `at ${zoom}`);
  }
  await page.click("#one");
  for (const derivative of ["gradient", "gradient-color", "laplacian"]) {
    await page.selectOption("#shown", derivative);
    await rest(page);
    await page.screenshot({ path: `${shots}viewer-${derivative}.png` });
    const box = [width / 2 - 60, height / 2 - 50, 120, 100].map(Math.round);
    assert.ok(largest(await seen(...box), await expected(1, box, derivative)) <= 1, derivative);
  }
});

test("a GPU gives the same", { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 900, height: 900 } });
  await context.addInitScript(() => {
    window.drawn = 0;
    // Here a processor plays the GPU, which the viewer would leave aside.
    const original = OffscreenCanvas.prototype.getContext;
    OffscreenCanvas.prototype.getContext = function (kind, options) {
      const found = original.call(this, kind, { ...options, failIfMajorPerformanceCaveat: false });
      const draw = found.drawArrays;
      found.drawArrays = (...all) => (window.drawn++, draw.apply(found, all));
      return found;
    };
  });
  const other = await context.newPage();
  other.on("pageerror", (error) => page.failures.push(error.message));
  await other.goto(files.page);
  await rest(other);
  await other.click("#eight");
  await rest(other);
  await other.screenshot({ path: `${shots}viewer-gpu.png` });
  assert.ok(await other.evaluate(() => drawn) > 1);
  const [width, height] = await size();
  const box = [width / 2 - 100, height / 2 - 50, 90, 100].map(Math.round);
  const found = await other.evaluate((box) => [...document.getElementById("canvas").getContext("2d").getImageData(...box).data], box);
  assert.ok(largest(found, await expected(8, box)) <= 1);
  await context.close();
});

test("beside it are its pixels, enlarged by bicubic interpolation", { skip }, async () => {
  await choose(PHOTO);
  await page.selectOption("#shown", "");
  await page.check("#compare");
  await page.click("#eight");
  await rest(page);
  await page.screenshot({ path: `${shots}viewer-divided.png` });
  const [width, height] = await size();
  const { data } = await photo.render();
  const cubic = (t) => {
    const d = Math.abs(t);
    return d < 1 ? 1.5 * d ** 3 - 2.5 * d ** 2 + 1 : d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
  };
  const corner = [Math.round(width / 2 - photo.width * 4), Math.round(height / 2 - photo.height * 4)];
  for (const [x, y] of [[width - 50, 40], [width - 7, height - 9], [Math.round(width / 2) + 30, 200]]) {
    const at = [(x + 0.5 - corner[0]) / 8 - 0.5, (y + 0.5 - corner[1]) / 8 - 0.5];
    const sum = [0, 0, 0];
    for (let row = Math.floor(at[1]) - 1; row <= Math.floor(at[1]) + 2; row++) {
      for (let column = Math.floor(at[0]) - 1; column <= Math.floor(at[0]) + 2; column++) {
        const weight = cubic(at[0] - column) * cubic(at[1] - row);
        for (let c = 0; c < 3; c++) sum[c] += weight * data[4 * (row * photo.width + column) + c];
      }
    }
    const found = await seen(x, y, 1, 1);
    sum.forEach((value, c) => assert.ok(Math.abs(found[c] - Math.min(Math.max(value, 0), 255)) <= 1, `${x} ${y}: ${found} ${sum}`));
  }
  // The divider takes keys and the mouse; all the way to the left, nothing of the network is seen.
  await page.focus("#divider");
  await page.keyboard.press("Home");
  await page.waitForSelector("#divider[aria-valuenow='0']");
  const stage = await page.locator("#stage").boundingBox();
  await page.mouse.move(stage.x + 1, stage.y + 100);
  await page.mouse.down();
  await page.mouse.move(stage.x + stage.width / 4, stage.y + 100, { steps: 3 });
  await page.mouse.up();
  await page.waitForSelector("#divider[aria-valuenow='25']");
});

test("wheel, mouse, keys and fingers move the view", { skip }, async () => {
  await choose(PHOTO);
  const zoomed = (zoom) => page.waitForFunction((zoom) => document.getElementById("zoom").textContent === zoom, zoom);
  await page.click("#one");
  await page.focus("#canvas");
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await zoomed("4:1");
  await page.keyboard.press("-");
  await page.hover("#canvas", { position: { x: 100, y: 100 } });
  await page.mouse.wheel(0, -120);
  await rest(page);
  await zoomed("2.83:1");
  await page.click("#eight");
  await rest(page);
  const before = await seen(100, 100, 50, 50);
  await page.keyboard.press("Escape");
  await page.focus("#canvas");
  await page.keyboard.press("ArrowRight");
  await rest(page);
  assert.ok(largest(await seen(60, 100, 50, 50), before) <= 1, "40 pixels to the left");
  const box = await page.locator("#canvas").boundingBox();
  await page.mouse.move(box.x + 200, box.y + 200);
  await page.mouse.down();
  await page.mouse.move(box.x + 240, box.y + 200, { steps: 4 });
  await page.mouse.up();
  await rest(page);
  assert.ok(largest(await seen(100, 100, 50, 50), before) <= 1, "back again");
  // Two fingers that part to twice their distance.
  const touch = (type, id, x) => page.dispatchEvent("#canvas", type, { pointerId: id, clientX: box.x + x, clientY: box.y + 200, pointerType: "touch" });
  await page.evaluate(() => (HTMLCanvasElement.prototype.setPointerCapture = () => {}));
  await touch("pointerdown", 11, 300);
  await touch("pointerdown", 12, 400);
  await touch("pointermove", 12, 500);
  await touch("pointerup", 11, 300);
  await touch("pointerup", 12, 500);
  await zoomed("16:1");
});

test("shapes turn, sounds and videos play, grids are shown", { skip }, async () => {
  await choose(BALL);
  assert.match(await page.textContent("#status"), /vertices, .* triangles/);
  const drawn = async () => (await page.locator("#canvas").screenshot()).toString("base64");
  const changed = async (before) => {
    for (let i = 0; i < 50; i++) if ((await drawn()) !== before) return true;
    return false;
  };
  assert.ok(await changed(await drawn()));
  await page.uncheck("#turn");
  await rest(page);
  await page.screenshot({ path: `${shots}viewer-shape.png` });
  const still = await drawn();
  await page.focus("#canvas");
  await page.keyboard.press("ArrowLeft");
  assert.ok(await changed(still));

  const time = async () => Number(await page.inputValue("#time"));
  for (const file of [SOUND, VIDEO]) {
    await choose(file);
    await page.selectOption("#speed", "0.25");
    await page.focus("#canvas");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => Number(document.getElementById("time").value) > 0.05);
    await page.screenshot({ path: `${shots}viewer-${file === SOUND ? "sound" : "video"}.png` });
    await page.keyboard.press("Space");
    await rest(page);
    const stopped = await time();
    await page.waitForTimeout(100);
    assert.ok(stopped > 0.05 && (await time()) === stopped);
  }
  await choose(GRIDS);
  await page.screenshot({ path: `${shots}viewer-grids.png` });
  assert.match(await page.textContent("#facts"), /on 3 grids/);
});

test("files are dropped on it, and broken ones are told of", { skip }, async () => {
  const broken = join(files.folder, "broken.siren");
  writeFileSync(broken, readFileSync(files.files[0]).subarray(0, 300));
  await page.setInputFiles("#open", broken);
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await page.textContent("#error"), /broken\.siren: .*SPEC/);
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "dropped.siren"));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
  }, readFileSync(files.files[0]).toString("base64"));
  await page.waitForFunction(() => document.title.startsWith("dropped.siren"));
  await rest(page);
  assert.ok(await page.isHidden("#error"));
  assert.match(await page.textContent("#facts"), /parts.*weights/);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: `${shots}viewer-dark.png`, fullPage: true });
  assert.deepEqual(page.failures, []);
});
