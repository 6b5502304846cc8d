// The decoder of placeholders agrees with the golden files of the format. Run by `node --test`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodePlaceholder } from '../lib/placeholder.js';

const format = new URL('../../format/', import.meta.url);
const golden = (name) => readFileSync(new URL(`tests/golden/placeholders/${name}`, format));
const names = ['beach', 'beach-200', 'tall', 'cut-out', 'odd'];

for (const name of names) {
  test(`${name} is the golden picture`, () => {
    const bytes = golden(`${name}.placeholder`);
    const placeholder = decodePlaceholder(bytes);
    const { width, height } = placeholder.sizeWithin(12);
    const pixels = placeholder.pixels(width, height);
    const expected = golden(`${name}.rgba`);
    assert.equal(pixels.length, expected.length);
    const most = pixels.reduce((most, sample, i) => Math.max(most, Math.abs(sample - expected[i])), 0);
    assert.ok(most <= 1, `a sample differs by ${most}`);
    assert.equal(placeholder.alpha, name === 'cut-out');
  });
}

test('text in any base64 is the same as bytes', () => {
  const bytes = golden('beach.placeholder');
  const expected = decodePlaceholder(new Uint8Array(bytes)).pixels(9, 6);
  for (const coding of ['base64', 'base64url'])
    assert.deepEqual(decodePlaceholder(bytes.toString(coding)).pixels(9, 6), expected);
});

test('sizes keep the aspect ratio', () => {
  assert.deepEqual(decodePlaceholder(golden('beach.placeholder')).sizeWithin(96), { width: 96, height: 64 });
  assert.deepEqual(decodePlaceholder(golden('tall.placeholder')).sizeWithin(96), { width: 64, height: 96 });
});

test('any bytes are read or refused', () => {
  let seed = 1, read = 0;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 202) }, () => random() * 256);
    try {
      decodePlaceholder(bytes).pixels(4, 3);
      read++;
    } catch (error) {
      assert.ok(error instanceof RangeError, error);
    }
  }
  assert.ok(read > 0);
});

test('every golden placeholder cut short is another one or refused', () => {
  const bytes = golden('cut-out.placeholder');
  for (let end = 0; end < bytes.length; end++)
    try {
      decodePlaceholder(bytes.subarray(0, end));
    } catch (error) {
      assert.ok(error instanceof RangeError, error);
    }
});

test('the average is the mean of the pixels', () => {
  // Its samples are nowhere outside of 0 to 255, where limits would change the mean.
  const placeholder = decodePlaceholder(golden('beach.placeholder'));
  const pixels = placeholder.pixels(30, 20);
  placeholder.average.forEach((value, channel) => {
    const mean = pixels.filter((_, i) => i % 4 === channel).reduce((sum, sample) => sum + sample, 0) / 600;
    assert.ok(Math.abs(value - mean) <= 1, `${value} and ${mean}`);
  });
});

test('the prior is that of the format', () => {
  const source = readFileSync(new URL('../lib/placeholder.js', import.meta.url), 'utf8');
  const text = /const PRIOR = '(.*)';/.exec(source)[1];
  // A number is a character of a code 80 higher, behind as many ~ as there are times 58 in it beside that, or spaces if negative.
  const numbers = [...text.matchAll(/(~*)( *)([^~ ])/g)].map(
    ([, more, less, one]) => one.charCodeAt() - 80 + 58 * (more.length - less.length),
  );
  const prior = readFileSync(new URL('src/placeholder/prior.bin', format));
  let [at, next] = [0, 0];
  for (const [inputs, outputs] of [[24, 32], [32, 16], [16, 2]]) {
    for (let i = 0; i < inputs * outputs; i++, at += 2) assert.equal(8 * numbers[next++], prior.readInt16LE(at));
    for (let i = 0; i < outputs; i++, at += 4) assert.equal(64 * numbers[next++], prior.readInt32LE(at));
  }
  assert.deepEqual([at, next], [prior.length, numbers.length]);
});
