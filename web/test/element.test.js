// <siren-image> in Chromium.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gallery, launch, missing, placeholders, prepare, root, seen, serve } from "./browser.js";

const shots = fileURLToPath(new URL("shots/", import.meta.url));
const skip = missing || false;
const BLUE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 3 2'%3E%3Crect width='3' height='2' fill='%23357'/%3E%3C/svg%3E";
const image = (attributes) => `<!DOCTYPE html><html lang="en"><title>t</title>
<script type="module" src="/lib/siren-image.js"></script><script>
window.events = []; window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (shift += entry.value))).observe({ type: "layout-shift", buffered: true });
for (const name of ["load", "error"]) document.addEventListener(name, ({ target, message }) => target.localName === "siren-image" && events.push(message ?? name), true);
</script><p>above</p><siren-image ${attributes}></siren-image><p>below</p>`;

let browser, server, files;
before(async () => {
  if (missing) return;
  mkdirSync(shots, { recursive: true });
  files = prepare();
  browser = await launch();
  server = await serve([files.folder], {
    "/plain.html": image(`id="it" src="/photo.siren" alt="A test picture" placeholder="${BLUE}" style="display: inline-block; width: 300px; aspect-ratio: 3 / 2"`),
    "/free.html": image(`id="it" src="/photo.siren" alt=""`),
    "/broken.html": image(`id="it" src="/page.html" alt="x" placeholder="${BLUE}" width="300" height="200"`),
    "/readme.html": /```html\n(.*?)```/s.exec(readFileSync(`${root}web/README.md`, "utf8"))[1],
    "/gallery.html": gallery(200, placeholders),
    "/gone.html": image(`id="it" src="/gone.siren" alt="x" width="300" height="200"`),
  });
});
after(async () => {
  await browser?.close();
  server?.close();
  if (files) rmSync(files.folder, { recursive: true });
});

async function open(name, options = {}) {
  const page = await browser.newPage({ viewport: { width: 800, height: 600 }, ...options });
  page.failures = [];
  page.on("pageerror", (error) => page.failures.push(error.message));
  await page.goto(`${server.address}/${name}`);
  return page;
}
const loaded = (page, count = 1) => page.waitForFunction((count) => events.length >= count, count);
const inside = (page) => page.evaluate(() => {
  const canvas = it.shadowRoot.querySelector("canvas");
  const { width, height } = it.getBoundingClientRect();
  return { canvas: [canvas.width, canvas.height], hidden: canvas.hidden, held: !it.shadowRoot.querySelector("img").hidden, box: [width, height] };
});

test("it shows the picture at the screen's resolution, and nothing moves", { skip }, async () => {
  const page = await open("plain.html", { deviceScaleFactor: 2 });
  await loaded(page);
  const { canvas, hidden, held, box } = await inside(page);
  assert.deepEqual([canvas, hidden, held, box], [[600, 400], false, false, [300, 200]]);
  assert.deepEqual(await page.evaluate(() => [events, shift, it.complete]), [["load"], 0, true]);
  // What is shown is what the module renders.
  const off = await page.evaluate(async () => {
    const { open } = await import("/lib/decode.js");
    const siren = await open(new Uint8Array(await (await fetch("/photo.siren")).arrayBuffer()));
    const { data } = await siren.render({ width: 600, height: 400 });
    const shown = it.shadowRoot.querySelector("canvas").getContext("2d").getImageData(0, 0, 600, 400).data;
    return data.reduce((most, value, i) => Math.max(most, Math.abs(value - shown[i])), 0);
  });
  assert.equal(off, 0);
  await page.screenshot({ path: `${shots}element.png` });
  assert.deepEqual(page.failures, []);
  await page.close();
});

test("it is drawn anew when it grows, and not when it shrinks", { skip }, async () => {
  const page = await open("plain.html");
  await loaded(page);
  await page.evaluate(() => (it.style.width = "450px"));
  await page.waitForFunction(() => it.shadowRoot.querySelector("canvas").width === 450);
  assert.deepEqual((await inside(page)).canvas, [450, 300]);
  await page.evaluate(() => (it.style.width = "90px"));
  await page.waitForTimeout(400);
  assert.deepEqual(await inside(page), { canvas: [450, 300], hidden: false, held: false, box: [90, 60] });
  await page.close();
});

test("without a size it has that of the file", { skip }, async () => {
  const page = await open("free.html");
  await loaded(page);
  const size = await page.evaluate(() => [it.naturalWidth, it.naturalHeight]);
  const { canvas, box } = await inside(page);
  assert.ok(size[0] > 100);
  assert.deepEqual([canvas, box], [size, size]);
  await page.close();
});

test("assistive technology is told of an image, and not of a decoration", { skip }, async () => {
  const told = async (name) => {
    const page = await open(name);
    await loaded(page);
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const found = nodes.filter(({ role, ignored }) => !ignored && role?.value === "image").map((node) => node.name.value);
    await page.close();
    return found;
  };
  assert.deepEqual(await told("plain.html"), ["A test picture"]);
  assert.deepEqual(await told("free.html"), []);
});

test("what cannot be shown leaves the placeholder and fires an error", { skip }, async () => {
  for (const [name, message] of [["broken.html", /not a siren file/], ["gone.html", /gone\.siren could not be fetched: 404/]]) {
    const page = await open(name);
    await loaded(page);
    const [found] = await page.evaluate(() => events);
    assert.match(found, message);
    const { hidden, held } = await inside(page);
    assert.deepEqual([hidden, held], [true, name === "broken.html"]);
    // Another file is shown all the same.
    await page.evaluate(() => (it.src = "/photo.siren"));
    await loaded(page, 2);
    assert.equal((await inside(page)).hidden, false);
    assert.deepEqual(page.failures, []);
    await page.close();
  }
});

test("who saves data keeps the placeholder", { skip }, async () => {
  const page = await browser.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.addInitScript(() => Object.defineProperty(navigator.connection, "saveData", { value: true }));
  await page.goto(`${server.address}/plain.html`);
  await page.waitForTimeout(500);
  assert.ok(asked.includes("/lib/siren-image.js") && !asked.includes("/photo.siren"), asked.join());
  const { hidden, held, box } = await inside(page);
  assert.deepEqual([hidden, held, box], [true, true, [300, 200]]);
  await page.close();
});

test("it can be taken out and put back while it loads", { skip }, async () => {
  const page = await open("plain.html");
  await page.evaluate(() => {
    const parent = it.parentNode;
    const element = it;
    for (let i = 0; i < 5; i++) {
      element.remove();
      parent.append(element);
    }
  });
  await loaded(page);
  assert.equal((await inside(page)).hidden, false);
  assert.deepEqual(page.failures, []);
  await page.close();
});

test("two hundred placeholders never stop the page", { skip }, async (t) => {
  const page = await browser.newPage();
  const { scripts, longest } = await seen(browser, page, `${server.address}/gallery.html`);
  await page.screenshot({ path: `${shots}placeholders.png` });
  await page.close();
  t.diagnostic(`${scripts.toFixed(0)} ms of scripts, the longest task ${longest.toFixed(1)} ms`);
  assert.ok(scripts > 0 && longest > 0);
  assert.ok(longest <= 50, `a task takes ${longest} ms`);
});

test("a placeholder makes room for the picture, and a broken one does no harm", { skip }, async () => {
  const page = await open("plain.html");
  await loaded(page);
  await page.evaluate((text) => {
    it.src = "";
    it.placeholder = `data:image/x-siren-placeholder;base64,${text}`;
  }, placeholders[0]);
  await page.waitForFunction(() => it.shadowRoot.querySelector("img").naturalWidth === 32);
  assert.deepEqual(await page.evaluate(() => it.complete), false);
  await page.evaluate(() => (it.src = "/photo.siren"));
  await loaded(page, 2);
  assert.deepEqual(await inside(page).then(({ hidden, held }) => [hidden, held]), [false, false]);
  await page.evaluate(() => {
    it.src = "";
    it.placeholder = "data:image/x-siren-placeholder;base64,AA==";
  });
  await loaded(page, 3);
  assert.match(await page.evaluate(() => events[2]), /not a whole placeholder/);
  assert.deepEqual(page.failures, []);
  await page.close();
});

test("the page of README.md works as it stands", { skip }, async () => {
  const page = await open("readme.html");
  await page.waitForFunction(() => document.querySelector("siren-image").complete);
  const size = await page.evaluate(() => {
    const { width, height } = document.querySelector("siren-image").shadowRoot.querySelector("canvas");
    return [width, height];
  });
  assert.deepEqual(size, [784, 523]);
  assert.deepEqual(page.failures, []);
  await page.screenshot({ path: `${shots}readme.png` });
  await page.close();
});
