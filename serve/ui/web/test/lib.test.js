import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ending, reading, reason, requestBody, wait } from '../src/lib/api.js';
import { excerpt } from '../src/lib/excerpt.js';
import { exportText, importText } from '../src/lib/exchange.js';
import { color, place, share, surface } from '../src/lib/heat.js';
import { blocks } from '../src/lib/markdown.js';
import { room } from '../src/lib/picture.js';
import { fault, samplingFields, tidySettings } from '../src/lib/preferences.js';
import { events } from '../src/lib/sse.js';
import { align, fromLogprobs, percent, places, split, words } from '../src/lib/tokens.js';
import * as tree from '../src/lib/tree.js';

const html = (text) => blocks(text).map((b) => b.html).join('');

async function readAll(text, size) {
  const bytes = new TextEncoder().encode(text);
  const stream = new ReadableStream({
    start(c) {
      for (let i = 0; i < bytes.length; i += size) c.enqueue(bytes.slice(i, i + size));
      c.close();
    },
  });
  const out = [];
  for await (const e of events(stream)) out.push(e);
  return out;
}

test('events are the same however the bytes are cut', async () => {
  const text = ': hello\r\ndata: {"a":"é✓"}\r\n\r\ndata: one\ndata: two\n\nevent: x\n\ndata:[DONE]\n\n';
  for (let size = 1; size < 40; size++) {
    assert.deepEqual(await readAll(text, size), ['{"a":"é✓"}', 'one\ntwo', '[DONE]'], `size ${size}`);
  }
});

test('Retry-After as seconds and as a date', () => {
  assert.equal(wait('7'), 7);
  assert.equal(wait('0.4'), 1);
  assert.equal(wait('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6);
  assert.equal(wait('soon'), null);
  assert.equal(wait(null), null);
});

test('mathematics', () => {
  for (const [text, want] of [
    ['a $x^2$ b', '<span class="tex">x^2</span>'],
    ['a \\(x\\) b', '<span class="tex">x</span>'],
    ['$$\nx = 1\n- y\n$$', '<span class="tex display">x = 1\n- y</span>'],
    ['so\n\\[\na\n= b\n\\]\nthen', '<span class="tex display">a\n= b</span>'],
    ['- item $a_1$\n- \\(b\\)', '<span class="tex">a_1</span>'],
    ['$a<b$', '<span class="tex">a&#60;b</span>'],
    ['in $$x$$ line', '<span class="tex display">x</span>'],
  ]) {
    assert.ok(html(text).includes(want), `${text} gives ${html(text)}`);
  }
  for (const text of ['costs $5 and $10', 'escaped \\$x\\$', '`$x$`', '```\n$x$\n```', '$HOME and `$PATH`', 'a $ b $ c']) {
    assert.ok(!html(text).includes('tex'), `${text} gives ${html(text)}`);
  }
});

test('raw HTML is text, pictures are links', () => {
  const out = html('<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)> y H<sub>2</sub>O ![cat](http://a.b/c.png)');
  assert.ok(!/<script|<img/.test(out), out);
  assert.ok(out.includes('&#60;script&#62;') && out.includes('<sub>2</sub>'), out);
  assert.ok(out.includes('<a href="http://a.b/c.png">[picture: cat]</a>'), out);
});

test('blocks know their place', () => {
  const text = '# A\n\npara *one*\n\n\n- x\n- y\n\n[d]: http://a.b\n\n```go\nx := 1\n```\nend [d]';
  for (const b of blocks(text)) assert.equal(text.slice(b.start, b.start + b.source.length), b.source);
  assert.equal(blocks(text).length, 5);
});

test('tokens find their place, split characters too', () => {
  const bytes = [...new TextEncoder().encode('é')];
  const content = [
    { token: 'Caf', logprob: -0.1, bytes: [67, 97, 102], top_logprobs: [] },
    { token: '\ufffd', logprob: -0.2, bytes: [bytes[0]], top_logprobs: [{ token: 'e', logprob: -2, bytes: [101] }] },
    { token: '\ufffd', logprob: -0.3, bytes: [bytes[1]], top_logprobs: [] },
    { token: ' au', logprob: -Infinity, bytes: [32, 97, 117], top_logprobs: [] },
    { token: ' lait', logprob: -1, bytes: null },
  ];
  const tokens = fromLogprobs(content);
  assert.deepEqual(places(tokens, 'Café au lait'), [[0, 3], [3, 3], [3, 4], [4, 7], [7, 12]]);
  assert.equal(places(tokens, 'something else'), null);
  const w = words(places(tokens, 'Café au lait'), 'Café au lait');
  assert.deepEqual([w[0].first, w[0].after, w[0].word], [0, 3, 'Café']);
  assert.equal(w[3].word, 'au');
  assert.equal(tokens[3][1], -9999);
});

test('shown text is aligned with its source', () => {
  const source = 'Some **bold** &amp; a [link](http://x.y/some) then \\*star\\*';
  const found = align(['Some ', 'bold', ' & a ', 'link', ' then *star*'], source);
  assert.equal(found[1][0], source.indexOf('bold'));
  assert.equal(found[3][0], source.indexOf('link'));
  assert.equal(found[2][1], source.indexOf('&'));
  assert.equal(found[4][6], source.indexOf('*star'));
  assert.deepEqual(split('bold', found[1], 0, [[0, 9], [9, 40]]), [{ text: 'bo', token: 0 }, { text: 'ld', token: 1 }]);
});

test('an answer that was cut says by what', () => {
  const usage = { prompt_tokens: 90, completion_tokens: 10 };
  assert.equal(ending('stop', usage, 100), 'done');
  assert.equal(ending('length', usage, 100), 'full');
  assert.equal(ending('length', usage, 101), 'length');
  assert.equal(ending('length', usage, null), 'length');
  assert.equal(ending('length', null, 100), 'length');
});

test('percentages', () => {
  assert.deepEqual([1, 0.5, 0.0123, 0.00001].map(percent), ['100%', '50.0%', '1.23%', 'under 0.01%']);
});

const sample = () => {
  let c = { id: 'c1', title: 'T', named: false, created: 1, updated: 2, model: 'm', settings: tidySettings({}), messages: [], chosen: {} };
  c = tree.add(c, { id: 'u1', parent: tree.ROOT, role: 'user', text: 'hi', created: 1 });
  c = tree.add(c, { id: 'a1', parent: 'u1', role: 'assistant', text: 'one', created: 2, status: 'done', tokens: [['one', -0.5, [['two', -1]]]] });
  c = tree.add(c, { id: 'a2', parent: 'u1', role: 'assistant', text: 'two', created: 3, status: 'done' });
  return tree.add(c, { id: 'u2', parent: tree.ROOT, role: 'user', text: 'edited', created: 4 });
};

test('branches', () => {
  let c = sample();
  assert.deepEqual(tree.path(c).map((m) => m.id), ['u2']);
  c = tree.choose(c, c.messages[0]);
  assert.deepEqual(tree.path(c).map((m) => m.id), ['u1', 'a2']);
  assert.deepEqual(tree.line(c, 'a1').map((m) => m.id), ['u1', 'a1']);
  c = tree.removeLeaf(c, 'a2');
  assert.deepEqual(tree.path(c).map((m) => m.id), ['u1', 'a1']);
  assert.equal(tree.removeLeaf(c, 'u1'), c);
});

test('export and import give the same conversation', () => {
  const error = { message: 'too long', code: 'context_length_exceeded' };
  let c = tree.add(sample(), { id: 'a3', parent: 'u2', role: 'assistant', text: 'three', created: 5, status: 'full' });
  c = tree.add(c, { id: 'a4', parent: 'u2', role: 'assistant', text: '', created: 6, status: 'failed', error });
  assert.deepEqual(importText(exportText([c])), [c]);
});

test('a bad file is refused by name', () => {
  const change = (f) => {
    const file = JSON.parse(exportText([sample()]));
    f(file);
    return JSON.stringify(file);
  };
  for (const [text, want] of [
    ['{', /not JSON/],
    ['[]', /not an export/],
    [change((f) => (f.version = 2)), /version 2/],
    [change((f) => (f.conversations = {})), /conversations is no list/],
    [change((f) => (f.conversations[0].messages[1].parent = 'a2')), /messages\[1\]\.parent names no earlier/],
    [change((f) => (f.conversations[0].messages[0].role = 'system')), /messages\[0\]\.role/],
    [change((f) => (f.conversations[0].messages[2].id = 'a1')), /id is there twice/],
    [change((f) => (f.conversations[0].messages[0].images = [{ url: 'http://evil' }])), /images\[0\] is no picture/],
    [change((f) => (f.conversations[0].messages[1].tokens = [['a', 'b', []]])), /tokens\[0\] is no token/],
    [change((f) => (f.conversations[0].messages[0].id = '__proto__')), /is no identifier/],
  ]) {
    assert.throws(() => importText(text), want);
  }
});

test('the request', () => {
  const settings = tidySettings({ system: 'be brief', sampling: { temperature: 0, top_p: 5, seed: 7 } });
  const body = requestBody({
    model: 'm',
    system: settings.system,
    messages: [
      { role: 'user', text: 'look', images: [{ url: 'data:image/png;base64,AA==' }] },
      { role: 'assistant', text: '' },
    ],
    sampling: settings.sampling,
    probabilities: true,
  });
  assert.deepEqual(body, {
    model: 'm',
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
    ],
    temperature: 0,
    seed: 7,
    logprobs: true,
    top_logprobs: 5,
  });
  assert.match(fault(samplingFields[0], 3), /between 0 and 2/);
  assert.match(fault(samplingFields[2], 1.5), /whole/);
});

test('attention is spread over the picture, whatever the views show of it', () => {
  const whole = { left: 0, top: 0, right: 1, bottom: 1, rows: 2, columns: 2, weights: [0.1, 0, 0, 0.3] };
  const near = (a, b) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-12, `${a} and ${b}`));
  near([...surface([whole], 2, 2)], [1 / 3, 0, 0, 1]);
  assert.ok(Math.abs(share([whole, whole]) - 0.8) < 1e-12);
  // A view of which half is beside the picture puts its weights closer together.
  const half = { left: 0, top: 0, right: 2, bottom: 1, rows: 1, columns: 2, weights: [0.5, 0.5] };
  near([...surface([half], 1, 1)], [1]);
  // A tile of the lower right adds there alone.
  const tile = { left: 0.5, top: 0.5, right: 1, bottom: 1, rows: 1, columns: 1, weights: [0.2] };
  near([...surface([tile], 2, 2)], [0, 0, 0, 1]);
  assert.equal(place([tile]), 'lower right');
  assert.equal(place([{ ...tile, left: 1 / 3, top: 0, right: 2 / 3, bottom: 1 / 3 }]), 'upper middle');
  assert.deepEqual([...surface([{ ...whole, weights: [0, 0, 0, 0] }], 1, 2)], [0, 0]);
  const lights = [0, 0.25, 0.5, 0.75, 1].map((h) => color(h)[0] * 0.3 + color(h)[1] * 0.6 + color(h)[2] * 0.1);
  assert.deepEqual([...lights].sort((a, b) => a - b), lights);
  assert.deepEqual(color(2), [252, 255, 190]);
});

test('what is wrong with a picture names the picture', () => {
  const messages = [{ role: 'user', text: 'x', images: [{ url: 'data:a', name: 'a.png' }, { url: 'data:b' }] }];
  const body = requestBody({ model: 'm', system: 'be short', messages, sampling: {} });
  const error = (param) => ({ message: `Invalid '${param}': image 0: it is damaged.`, param });
  assert.equal(reason(error('messages[1].content[1].image_url.url'), body, messages), 'The picture “a.png” was refused: it is damaged.');
  assert.equal(reason(error('messages[1].content[2].image_url.url'), body, messages), 'A picture was refused: it is damaged.');
  for (const param of ['messages', 'messages[9].content[1].image_url.url', 'messages[0].content[1].image_url.url', '']) {
    assert.equal(reason(error(param), body, messages), error(param).message);
  }
});

test('a conversation has room for so many pictures', () => {
  const of = (n, size = 10) => Array.from({ length: n }, () => ({ url: 'x'.repeat(size) }));
  assert.equal(room(of(7), of(20)), '');
  assert.match(room(of(8), []), /A message has at most 8/);
  assert.match(room(of(2), of(30)), /A conversation has at most 32/);
  assert.match(room(of(1), of(20, 1.4e6)), /as large as can be sent/);
});

test('how much of a prompt is read is shown of a long one, while it is read', () => {
  const of = (processed, spent, cache = 0) => reading({ total: 1000, cache, processed, time_ms: spent });
  assert.deepEqual(of(500, 2000), { total: 1000, processed: 500, rate: 250 });
  assert.deepEqual(of(500, 2000, 400), { total: 1000, processed: 500, rate: 50 });
  assert.deepEqual(of(400, 2000, 400), { total: 1000, processed: 400, rate: null });
  assert.equal(of(500, 999), null);
  assert.equal(of(1000, 5000), null);
  assert.equal(reading({ total: 'x' }), null);
});

test('a long message is shown by its beginning and its end', () => {
  assert.equal(excerpt('short'), 'short');
  assert.equal(excerpt('x'.repeat(5000)).length, 5000);
  assert.equal(excerpt('x'.repeat(5001)), `${'x'.repeat(3500)}\n…\n${'x'.repeat(500)}`);
  assert.equal(excerpt('word '.repeat(2000)), `${'word '.repeat(700).trimEnd()}\n…\n${'word '.repeat(99)}`);
  const [start, end] = excerpt('a line of text\n'.repeat(40_000) + 'And why?').split('\n…\n');
  assert.ok(start.startsWith('a line') && start.endsWith('text') && end.startsWith('a line') && end.endsWith('And why?'));
  assert.ok(excerpt('x' + '😀'.repeat(4000)).isWellFormed());
  assert.equal(tree.titleOf('\n  ' + 'word '.repeat(100_000)).length, 60);
});
