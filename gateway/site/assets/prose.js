// Texts of the shop's owners that may carry markup (descriptions, the note on new terms). Nothing of it is trusted: a
// known few elements are made anew, all others leave their text behind, and no attribute but a link's address survives.

const kept = new Set(['P', 'BR', 'B', 'STRONG', 'I', 'EM', 'UL', 'OL', 'LI', 'A']);
const dropped = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT', 'EMBED', 'NOSCRIPT', 'TEXTAREA', 'TITLE', 'HEAD', 'SVG', 'MATH', 'SELECT']);

const policy = globalThis.trustedTypes?.createPolicy('prose', { createHTML: (text) => text });

/** The harmless part of a text with markup, as a fragment to append. Plain text comes through as it is. */
export function prose(html) {
  const text = String(html ?? '');
  const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, 'text/html'); // a document of its own, nothing in it runs or loads
  for (const named of parsed.querySelectorAll('[name], [id]')) unname(named);
  const made = document.createDocumentFragment();
  made.append(...rebuilt(parsed.body));
  return made;
}

/** The text alone, without its markup. */
export function plain(html) {
  return prose(html).textContent.trim();
}

// A form lets its named fields stand in for its own properties, such as childNodes.
function unname(element) {
  for (const attribute of ['name', 'id']) Element.prototype.removeAttribute.call(element, attribute);
}

function rebuilt(parent) {
  return [...parent.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
    if (node.nodeType !== Node.ELEMENT_NODE || dropped.has(node.tagName.toUpperCase())) return [];
    return kept.has(node.tagName) ? [rebuiltElement(node)] : rebuilt(node);
  });
}

function rebuiltElement(node) {
  const made = document.createElement(node.tagName);
  if (node.tagName === 'A') linkTo(made, node.getAttribute('href'));
  made.append(...rebuilt(node));
  return made;
}

function linkTo(made, address) {
  if (address === null) return;
  let target;
  try {
    target = new URL(address, location.origin);
  } catch {
    return;
  }
  if (!['http:', 'https:', 'mailto:', 'tel:'].includes(target.protocol)) return;
  made.href = target.href;
  if (target.origin !== location.origin) made.rel = 'noopener nofollow';
}
