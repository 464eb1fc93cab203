// Code blocks: colors, the language's name, and a button that copies. The
// highlighter is not part of the first load.
let loading;

export function loadHighlighter() {
  loading ??= import('./languages.js').then((m) => m.default);
  return loading;
}

const longest = 50_000; // characters that are colored

export async function dressCode(element) {
  const blocks = element.querySelectorAll('pre > code');
  if (blocks.length === 0) return;
  for (const code of blocks) frame(code);
  const highlighter = await loadHighlighter();
  for (const code of blocks) {
    const language = highlighter.getLanguage(code.dataset.language);
    if (!language || code.textContent.length > longest) continue;
    // The highlighter escapes the text and adds spans with classes only.
    code.innerHTML = highlighter.highlight(code.textContent, { language: code.dataset.language, ignoreIllegals: true }).value;
  }
}

function frame(code) {
  const pre = code.parentElement;
  const language = code.dataset.language;
  const box = document.createElement('div');
  box.className = 'code';
  const bar = document.createElement('div');
  bar.className = 'code-bar';
  const name = document.createElement('span');
  name.textContent = language || 'text';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy the ${language ? language + ' ' : ''}code`);
  bar.append(name, button);
  pre.replaceWith(box);
  box.append(bar, pre);
  pre.tabIndex = 0; // so that the keyboard can scroll it
  pre.setAttribute('role', 'region');
  pre.setAttribute('aria-label', `Code${language ? ', ' + language : ''}`);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not a secure origin: the old way.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
