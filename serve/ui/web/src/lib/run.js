// A Run is one answer on its way: it asks the server, writes what comes into the
// conversation, and ends as done, length, full, stopped or failed.
import * as api from './api.js';
import { fromLogprobs } from './tokens.js';
import * as tree from './tree.js';

const showEvery = 40; // milliseconds between two pictures
const saveEvery = 1500;

export class Run {
  #app;
  #conversation;
  #parent;
  #id = tree.newId();
  #abort = new AbortController();
  #text = '';
  #tokens = [];
  #usage = null;
  #body = null; // of the request
  #messages = []; // in it
  #window = null; // of the model, in tokens
  #longest = null; // answer that was asked for, in tokens
  #finish = '';
  #reading = null; // how much of the prompt is read, until it is
  #chunks = 0;
  #started = 0;
  #first = 0;
  #last = 0;
  #timer = 0;
  #saved = 0;

  constructor(app, conversation, parent) {
    this.#app = app;
    this.#conversation = conversation.id;
    this.#parent = parent;
  }

  stop() {
    this.#abort.abort();
  }

  async go() {
    const app = this.#app;
    if (app.models.length === 0) await app.loadModels();
    const model = app.model?.id ?? '';
    this.#window = app.model?.window ?? null;
    const fields = { id: this.#id, parent: this.#parent, role: 'assistant', text: '', created: Date.now(), status: 'streaming', model };
    let body;
    app.change(this.#conversation, (c) => {
      this.#messages = tree.line(c, this.#parent);
      body = this.#body = api.requestBody({
        model,
        system: c.settings.system,
        messages: this.#messages,
        sampling: c.settings.sampling,
        probabilities: app.preferences.probabilities,
      });
      return tree.add(c, fields);
    });
    if (!body) return;
    this.#longest = body.max_completion_tokens ?? null;
    try {
      if (!model) throw new api.Gone(app.unreachable || 'The server has no model.');
      this.#started = this.#saved = performance.now();
      for await (const chunk of api.stream(body, { key: app.key, signal: this.#abort.signal })) this.#take(chunk);
      this.#end({ status: api.ending(this.#finish, this.#usage, this.#window) });
    } catch (e) {
      this.#fail(e);
    }
  }

  #take(chunk) {
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.prompt_progress) {
      this.#reading = api.reading(chunk.prompt_progress);
      this.#timer ||= setTimeout(() => this.#show(), showEvery);
    }
    const choice = chunk.choices?.[0];
    if (!choice) return;
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    if (choice.logprobs?.content) this.#tokens.push(...fromLogprobs(choice.logprobs.content));
    const piece = choice.delta?.content ?? choice.delta?.refusal;
    if (!piece) return;
    this.#last = performance.now();
    this.#first ||= this.#last;
    this.#chunks++;
    this.#text += piece;
    this.#reading = null;
    this.#timer ||= setTimeout(() => this.#show(), showEvery);
  }

  #show() {
    this.#timer = 0;
    const now = performance.now();
    const save = now - this.#saved > saveEvery;
    if (save) this.#saved = now;
    this.#write({ timing: this.#timing(), reading: this.#reading }, save);
  }

  #write(fields, save) {
    const all = { text: this.#text, ...fields };
    if (this.#tokens.length > 0) all.tokens = [...this.#tokens];
    this.#app.change(this.#conversation, (c) => tree.patch(c, this.#id, all), { save });
  }

  // #timing is in seconds and tokens per second; the rate is of what followed
  // the first token.
  #timing() {
    if (!this.#first) return null;
    const tokens = this.#usage?.completion_tokens ?? (this.#tokens.length || this.#chunks);
    const spent = (this.#last - this.#first) / 1000;
    return {
      first: (this.#first - this.#started) / 1000,
      total: (this.#last - this.#started) / 1000,
      rate: tokens > 1 && spent > 0.005 ? (tokens - 1) / spent : null,
    };
  }

  #end(fields) {
    clearTimeout(this.#timer);
    const all = { ...fields, timing: this.#timing(), reading: undefined };
    if (this.#usage) {
      all.usage = {
        prompt: this.#usage.prompt_tokens ?? 0,
        completion: this.#usage.completion_tokens ?? 0,
        cached: this.#usage.prompt_tokens_details?.cached_tokens ?? 0,
      };
    }
    this.#write(all, false);
    this.#app.change(this.#conversation, (c) => ({ ...c, updated: Date.now() }));
    this.#announce(all);
  }

  #fail(error) {
    if (error.name === 'AbortError') return this.#end({ status: 'stopped' });
    if (error.status === 401) this.#app.needKey = true;
    const { message, status, code, retryAfter } = error;
    const told = error instanceof api.Refused ? api.reason(error, this.#body, this.#messages) : message;
    this.#end({
      status: 'failed',
      error: {
        message: error instanceof api.Refused || error instanceof api.Gone ? told : `Something went wrong on this page: ${message}`,
        status: status ?? 0,
        code: code ?? '',
        longest: this.#longest,
        until: retryAfter === null || retryAfter === undefined ? null : Date.now() + 1000 * retryAfter,
      },
    });
  }

  #announce({ status, error }) {
    if (status === 'failed') this.#app.say(`The answer failed. ${error.message}`);
    else if (status === 'stopped') this.#app.say('Stopped.');
    else this.#app.say(`Answer: ${this.#text}`);
  }
}
