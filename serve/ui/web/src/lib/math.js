// Mathematics in Markdown: $..$, $$..$$, \(..\) and \[..\]. A dollar opens
// mathematics only before something other than space, and closes it only after
// something other than space and not before a digit, so that prices stay prices.
import { escape } from './escape.js';

const inlineForms = [
  { pattern: /^\$\$((?:[^$\\]|\\[^])+?)\$\$/, display: true },
  { pattern: /^\$((?:[^$\\`\n\s]|\\[^\n])|(?:[^$\\`\n\s]|\\[^\n])(?:[^$\\`\n]|\\[^\n]|\n(?!\s*\n))*?(?:[^$\\`\n\s]|\\[^\n\s]))\$(?!\d)/, display: false },
  { pattern: /^\\\(((?:(?!\n\s*\n)[^]){1,4000}?)\\\)/, display: false },
  { pattern: /^\\\[((?:(?!\n\s*\n)[^]){1,4000}?)\\\]/, display: true },
];

const blockForms = [/^ {0,3}\$\$((?:(?!\n\s*\n|\$\$)[^]){1,4000}?)\$\$[ \t]*(?:\n|$)/, /^ {0,3}\\\[((?:(?!\n\s*\n)[^]){1,4000}?)\\\][ \t]*(?:\n|$)/];

const html = (tex, display) => `<span class="tex${display ? ' display' : ''}">${escape(tex.trim())}</span>`;

const index = (i) => (i < 0 ? undefined : i);

export const mathExtensions = [
  {
    name: 'mathBlock',
    level: 'block',
    start: (text) => index(text.search(/^ {0,3}(?:\$\$|\\\[)/m)),
    tokenizer(text) {
      for (const pattern of blockForms) {
        const match = pattern.exec(text);
        if (match) return { type: 'mathBlock', raw: match[0], tex: match[1] };
      }
      return undefined;
    },
    renderer: ({ tex }) => `<p>${html(tex, true)}</p>`,
  },
  {
    name: 'math',
    level: 'inline',
    start: (text) => index(text.search(/\$|\\[([]/)),
    tokenizer(text) {
      for (const { pattern, display } of inlineForms) {
        const match = pattern.exec(text);
        if (match) return { type: 'math', raw: match[0], tex: match[1], display };
      }
      return undefined;
    },
    renderer: ({ tex, display }) => html(tex, display),
  },
];

let katex;

// loadKatex brings KaTeX and its style sheet; they are not part of the first load.
export async function loadKatex() {
  katex ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([module]) => module.default);
  return katex;
}

// typeset renders the mathematics below an element. KaTeX builds elements
// itself, so that no style attribute needs a weaker content policy.
export async function typeset(element) {
  const all = element.querySelectorAll('span.tex');
  if (all.length === 0) return;
  const { render } = await loadKatex();
  for (const span of all) {
    const tex = span.textContent;
    try {
      render(tex, span, {
        displayMode: span.classList.contains('display'),
        throwOnError: false,
        strict: 'ignore',
        trust: false,
        maxSize: 40,
        maxExpand: 300,
      });
      span.dataset.tex = tex;
    } catch {
      span.textContent = tex; // deeper than KaTeX goes
    }
  }
}
