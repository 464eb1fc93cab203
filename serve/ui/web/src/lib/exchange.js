// Conversations as a file, and back. A file is checked whole before anything of
// it is kept, and only the fields named here are.
import { ROOT, newId } from './tree.js';
import { tidySettings } from './preferences.js';

export const format = 'polymath-chat';
const version = 1;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const picture = /^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/;
const statuses = ['done', 'length', 'full', 'stopped', 'failed'];
const most = { conversations: 10_000, messages: 20_000, text: 10_000_000, images: 32, picture: 4 << 20, tokens: 2_000_000, alternatives: 20 };

export function exportText(conversations, now = new Date()) {
  return JSON.stringify({ format, version, exported: now.toISOString(), conversations }, null, 1);
}

// importText returns the conversations of an exported file. The error names the
// place that is wrong.
export function importText(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error('This file is not JSON.');
  }
  if (!isObject(file) || file.format !== format) throw new Error('This file is not an export of conversations of this chat.');
  if (file.version !== version) throw new Error(`This file has version ${JSON.stringify(file.version)}; version ${version} can be read.`);
  const all = list(file.conversations, 'conversations', most.conversations);
  return all.map((c, i) => conversation(c, `conversations[${i}]`));
}

function conversation(c, at) {
  need(isObject(c), at, 'is no conversation');
  const seen = new Set([ROOT]);
  const messages = list(c.messages, `${at}.messages`, most.messages).map((m, i) => {
    const one = message(m, `${at}.messages[${i}]`);
    need(seen.has(one.parent), `${at}.messages[${i}].parent`, 'names no earlier message');
    need(!seen.has(one.id), `${at}.messages[${i}].id`, 'is there twice');
    seen.add(one.id);
    return one;
  });
  const chosen = {};
  for (const m of messages) {
    const to = isObject(c.chosen) ? c.chosen[m.parent] : undefined;
    if (to === m.id) chosen[m.parent] = to;
  }
  return {
    id: typeof c.id === 'string' && idPattern.test(c.id) ? c.id : newId(),
    title: string(c.title, `${at}.title`, 1000),
    named: c.named === true,
    created: time(c.created, `${at}.created`),
    updated: time(c.updated, `${at}.updated`),
    model: typeof c.model === 'string' ? c.model : '',
    settings: tidySettings(c.settings),
    messages,
    chosen,
  };
}

function message(m, at) {
  need(isObject(m), at, 'is no message');
  need(typeof m.id === 'string' && idPattern.test(m.id), `${at}.id`, 'is no identifier');
  need(m.role === 'user' || m.role === 'assistant', `${at}.role`, 'is neither "user" nor "assistant"');
  const out = {
    id: m.id,
    parent: string(m.parent, `${at}.parent`, 64),
    role: m.role,
    text: string(m.text, `${at}.text`, most.text),
    created: time(m.created, `${at}.created`),
  };
  if (m.images !== undefined) out.images = list(m.images, `${at}.images`, most.images).map((p, i) => image(p, `${at}.images[${i}]`));
  if (m.role === 'user') return out;
  out.status = statuses.includes(m.status) ? m.status : 'stopped';
  if (typeof m.model === 'string') out.model = m.model;
  for (const [field, names] of [['usage', ['prompt', 'completion', 'cached']], ['timing', ['first', 'rate', 'total']]]) {
    if (m[field] === undefined || m[field] === null) continue;
    need(isObject(m[field]), `${at}.${field}`, 'is no object');
    out[field] = Object.fromEntries(names.filter((n) => Number.isFinite(m[field][n])).map((n) => [n, m[field][n]]));
  }
  if (isObject(m.error)) {
    out.error = { message: string(m.error.message, `${at}.error.message`, 10_000) };
    if (typeof m.error.code === 'string') out.error.code = m.error.code.slice(0, 100);
  }
  if (m.tokens !== undefined) out.tokens = list(m.tokens, `${at}.tokens`, most.tokens).map((t, i) => token(t, `${at}.tokens[${i}]`));
  return out;
}

function image(p, at) {
  need(isObject(p) && typeof p.url === 'string' && picture.test(p.url), at, 'is no picture in a data URL');
  need(p.url.length <= most.picture, at, `is longer than ${most.picture} characters`);
  const out = { url: p.url };
  if (typeof p.name === 'string') out.name = p.name.slice(0, 200);
  return out;
}

// token is [text, logprob, [[text, logprob], ...]], bytes of a partial
// character behind.
function token(t, at) {
  const pair = (p) => Array.isArray(p) && typeof p[0] === 'string' && Number.isFinite(p[1]);
  need(pair(t) && Array.isArray(t[2]) && t[2].length <= most.alternatives && t[2].every(pair), at, 'is no token with its probability');
  const out = [t[0], t[1], t[2].map(([text, logprob]) => [text, logprob])];
  if (t[3] !== undefined) {
    need(Array.isArray(t[3]) && t[3].every((b) => Number.isInteger(b) && b >= 0 && b < 256), at, 'has no valid bytes');
    out.push(t[3]);
  }
  return out;
}

function need(holds, at, what) {
  if (!holds) throw new Error(`This file cannot be imported: ${at} ${what}.`);
}

const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);

function list(v, at, limit) {
  need(Array.isArray(v), at, 'is no list');
  need(v.length <= limit, at, `is longer than ${limit}`);
  return v;
}

function string(v, at, limit) {
  need(typeof v === 'string', at, 'is no text');
  need(v.length <= limit, at, `is longer than ${limit} characters`);
  return v;
}

function time(v, at) {
  need(Number.isFinite(v) && v >= 0 && v < 1e14, at, 'is no time');
  return v;
}
