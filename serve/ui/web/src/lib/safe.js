// The one place where untrusted text becomes elements.
import DOMPurify from 'dompurify';

const purify = DOMPurify(window);

const allowed = {
  ALLOWED_TAGS:
    'p br strong em del b i u mark sub sup kbd code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 hr div table thead tbody tr th td a span'.split(' '),
  ALLOWED_ATTR: ['href', 'class', 'start', 'align', 'data-language'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ADD_URI_SAFE_ATTR: ['start', 'align', 'data-language'], // the next line is asked of all others
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

const classes = ['tex', 'display', 'verbatim', 'table'];

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.hasAttribute?.('class')) node.className = classes.filter((c) => node.classList.contains(c)).join(' ');
  if (node.nodeName !== 'A') return;
  if (!node.hasAttribute('href')) return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

// fragment makes safe elements of HTML text.
export function fragment(html) {
  return purify.sanitize(html, allowed);
}
