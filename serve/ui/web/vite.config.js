import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Browsers that can run the page all read woff2: KaTeX's other fonts stay out.
const onlyWoff2 = {
  name: 'only-woff2',
  enforce: 'pre',
  transform(code, id) {
    if (!/katex(\.min)?\.css/.test(id)) return null;
    return code.replace(/,\s*url\([^)]*\.(woff|ttf)\)\s*format\("(woff|truetype)"\)/g, '');
  },
};

// What is bundled, with the licenses that ask to be passed on.
const bundled = ['dompurify', 'highlight.js', 'katex', 'marked', 'svelte'];
const licenses = {
  name: 'licenses',
  generateBundle() {
    const text = bundled.map((name) => {
      const at = new URL(`node_modules/${name}/`, import.meta.url);
      const { version, license } = JSON.parse(readFileSync(new URL('package.json', at), 'utf8'));
      const file = ['LICENSE', 'LICENSE.md'].map((f) => new URL(f, at)).map(read).find(Boolean);
      return `${name} ${version} (${license})\n\n${file.trim()}\n`;
    });
    this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: text.join(`\n${'-'.repeat(72)}\n\n`) });
  },
};

function read(url) {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return '';
  }
}

export default defineConfig({
  base: './',
  plugins: [onlyWoff2, svelte(), licenses],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
});
