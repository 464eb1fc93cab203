// Markdown to HTML text. What comes out is not to be trusted yet: safe.js
// makes it so. Raw HTML of the model is shown as text, pictures become links,
// mathematics and code are marked for the passes that come after.
import { Marked } from 'marked';
import { escape } from './escape.js';
import { mathExtensions } from './math.js';

const harmless = /^<\/?(br|sub|sup|kbd|b|i|u|mark)\s*\/?>$/i;

const renderer = {
  html({ text, block }) {
    if (harmless.test(text.trim())) return text;
    return block ? `<p class="verbatim">${escape(text.trimEnd())}</p>` : escape(text);
  },
  code({ text, lang }) {
    const language = (lang ?? '').trim().split(/\s+/)[0].slice(0, 40);
    return `<pre><code data-language="${escape(language)}">${escape(text)}</code></pre>`;
  },
  image({ href, text }) {
    return `<a href="${escape(href)}">[picture: ${escape(text || href)}]</a>`;
  },
  link({ href, tokens }) {
    return `<a href="${escape(href)}">${this.parser.parseInline(tokens)}</a>`;
  },
  table(token) {
    const row = (cells) => `<tr>${cells.map((c) => this.tablecell(c)).join('')}</tr>`;
    return `<div class="table"><table><thead>${row(token.header)}</thead><tbody>${token.rows.map(row).join('')}</tbody></table></div>`;
  },
  checkbox({ checked }) {
    return checked ? '\u2611 ' : '\u2610 ';
  },
};

const marked = new Marked({ gfm: true, renderer, extensions: mathExtensions });

// blocks cuts a text into its top-level blocks {start, source, html}; start is
// the block's place in the text. A block that did not change has the same html.
export function blocks(text) {
  const tokens = marked.lexer(text);
  const out = [];
  let start = 0;
  for (const token of tokens) {
    const source = token.raw;
    const at = text.startsWith(source, start) ? start : Math.max(start, text.indexOf(source, start));
    if (token.type !== 'space' && token.type !== 'def') {
      out.push({ start: at, source, html: marked.parser([token]) });
    }
    start = at + source.length;
  }
  return out;
}
