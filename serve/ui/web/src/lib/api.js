// The server's API, as far as the chat needs it. Addresses are relative, so that
// the page works below a path too.
import { events } from './sse.js';

// Refused is an error that the server answered with.
export class Refused extends Error {
  constructor(message, { status, code = '', param = '', retryAfter = null } = {}) {
    super(message);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
    this.param = param; // path of the field that is at fault
    this.retryAfter = retryAfter; // seconds
  }
}

// Gone is a server that cannot be reached, or that went away mid-answer.
export class Gone extends Error {
  constructor(message) {
    super(message);
    this.name = 'Gone';
  }
}

async function call(address, { key, ...init }) {
  const headers = { ...init.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(address, { ...init, headers, cache: 'no-store', credentials: 'same-origin' });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Gone('The server cannot be reached.');
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  let message = '';
  let code = '';
  let param = '';
  try {
    const text = (await response.text()).slice(0, 4000);
    message = text.trim();
    const { error } = JSON.parse(text);
    message = typeof error === 'string' ? error : error.message;
    code = error.code ?? '';
    param = error.param ?? '';
  } catch {
    // Not JSON: the text itself is the message, unless it is a page.
  }
  if (!message || message.startsWith('<')) message = response.statusText || 'no reason given';
  return new Refused(message, { status: response.status, code: String(code ?? ''), param: String(param ?? ''), retryAfter: wait(response.headers.get('Retry-After')) });
}

// wait returns the seconds that a Retry-After header asks for, or null.
export function wait(header, now = Date.now()) {
  if (!header) return null;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header));
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}

// models returns {id, window, vision}; window and vision are null where the
// server does not say.
export async function models(key) {
  const response = await call('v1/models', { key });
  const body = await response.json().catch(() => null);
  if (!Array.isArray(body?.data)) throw new Refused('The list of models cannot be read.', { status: response.status });
  return body.data
    .filter((m) => typeof m?.id === 'string')
    .map((m) => ({
      id: m.id,
      window: Number.isInteger(m.polymath?.window) && m.polymath.window > 0 ? m.polymath.window : null,
      vision: typeof m.polymath?.vision === 'boolean' ? m.polymath.vision : null,
    }));
}

// stream yields the chunks of a chat completion. It ends without an error only
// where the answer was whole.
export async function* stream(body, { key, signal }) {
  const response = await call('v1/chat/completions', {
    key,
    signal,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true }, return_progress: true }),
  });
  let finished = false;
  try {
    for await (const data of events(response.body)) {
      if (data.trim() === '[DONE]') return;
      const chunk = parse(data);
      if (chunk.error) {
        throw new Refused(chunk.error.message ?? String(chunk.error), { status: chunk.error.status ?? 0, code: String(chunk.error.code ?? ''), param: String(chunk.error.param ?? '') });
      }
      if (chunk.choices?.[0]?.finish_reason) finished = true;
      yield chunk;
    }
  } catch (e) {
    if (e.name === 'AbortError' || e instanceof Refused) throw e;
    throw new Gone('The connection broke off before the answer was finished.');
  }
  if (!finished) throw new Gone('The server went away before the answer was finished.');
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new Refused('The server sent something that is not JSON.', { status: 0 });
  }
}

// attention asks how much the word at an offset, in bytes, of an answer attends to
// each picture of the messages before it, and returns what heat.js takes.
export async function attention({ model, system, messages, answer, offset }, { key, signal }) {
  const body = requestBody({ model, system, messages, sampling: {} });
  const response = await call('attention', {
    key,
    signal,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, answer, offset }),
  });
  const read = await response.json().catch(() => null);
  if (!Array.isArray(read?.images)) throw new Refused('What the server says of the attention cannot be read.', { status: response.status });
  return read.images;
}

// reason is an error's message for people: where it is about a picture of a request,
// it names the picture and not its place in the request.
export function reason(error, body, messages) {
  const at = /^messages\[(\d+)\]\.content\[(\d+)\]\.image_url/.exec(error.param ?? '');
  const url = at && body?.messages[at[1]]?.content[at[2]]?.image_url?.url;
  if (!url) return error.message;
  const name = messages.flatMap((m) => m.images ?? []).find((p) => p.url === url)?.name;
  const why = error.message.replace(/^Invalid '[^']*': (image \d+: )?/, '');
  return `${name ? `The picture “${name}”` : 'A picture'} was refused: ${why}`;
}

// reading is how much of a prompt is read, of a chunk that says so; null where the
// prompt is read, or so short that nobody waits for it.
export function reading(progress) {
  const { total, cache, processed, time_ms: spent } = progress;
  if (![total, cache, processed, spent].every(Number.isFinite) || processed >= total || spent < 1000) return null;
  return { total, processed, rate: processed > cache ? (processed - cache) / (spent / 1000) : null };
}

// tooLong is the code of an error that the same conversation gets again.
export const tooLong = 'context_length_exceeded';

// ending says how an answer ended that the server has finished: done, cut at the
// longest answer that was set (length), or because the window is full.
export function ending(finish, usage, window) {
  if (finish !== 'length') return 'done';
  const used = (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0);
  return window && used >= window ? 'full' : 'length';
}

// requestBody makes the request for an answer to the given messages.
export function requestBody({ model, system, messages, sampling, probabilities }) {
  const body = { model, messages: [] };
  if (system?.trim()) body.messages.push({ role: 'system', content: system });
  for (const m of messages) {
    if (m.role === 'assistant' && m.text === '') continue; // one that failed
    body.messages.push({ role: m.role, content: content(m) });
  }
  for (const [name, value] of Object.entries(sampling)) {
    if (value !== null && value !== undefined) body[name] = value;
  }
  if (probabilities) Object.assign(body, { logprobs: true, top_logprobs: 5 });
  return body;
}

function content(message) {
  if (!message.images?.length) return message.text;
  const parts = message.images.map((i) => ({ type: 'image_url', image_url: { url: i.url } }));
  return message.text ? [{ type: 'text', text: message.text }, ...parts] : parts;
}
