// Making and filling elements. Text is always text: nothing here reads HTML.

/**
 * An element with properties and children. Properties: className, dataset, on (event name to listener), names with a dash
 * or "role", "for" as attributes, everything else as the element's own property; null and undefined are left out.
 * Children: nodes, texts, numbers, lists of these; null and false are left out.
 */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(made, name, value);
  made.append(...listed(children));
  return made;
}

function setProperty(made, name, value) {
  if (value === null || value === undefined) return;
  if (name === 'on') for (const [type, listener] of Object.entries(value)) made.addEventListener(type, listener);
  else if (name === 'dataset') Object.assign(made.dataset, value);
  else if (name.includes('-') || name === 'role' || name === 'for') made.setAttribute(name, value);
  else made[name] = value;
}

function listed(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Puts children into place instead of what was there, and ends its waiting state. */
export function fill(place, ...children) {
  place.replaceChildren(...listed(children));
  place.removeAttribute('aria-busy');
  return place;
}

/** A fragment of children, for handing several on as one. */
export function fragment(...children) {
  const made = document.createDocumentFragment();
  made.append(...listed(children));
  return made;
}

const drawings = {
  check: 'M4 10.5l4 4 8-9',
  close: 'M5 5l10 10M15 5L5 15',
  eye: 'M2 10q3-5 8-5t8 5q-3 5-8 5t-8-5zM10 7.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z',
  minus: 'M4 10h12',
  plus: 'M4 10h12M10 4v12',
  play: 'M7 5l8 5-8 5z',
  trash: 'M4 6h12M8 6V4h4v2M6 6l1 10h6l1-10',
};

/** A line drawing of 20 by 20 units that says nothing to screen readers: check, close, eye, minus, plus, play, trash. */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const drawing = document.createElementNS(space, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 20 20', 'aria-hidden': 'true', class: 'icon' })) drawing.setAttribute(key, value);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', drawings[name]);
  drawing.append(path);
  return drawing;
}

/** Has screen readers say a text when they have finished what they are saying. */
export function announce(text) {
  const region = document.querySelector('#announcements');
  if (!region) return;
  region.textContent = '';
  setTimeout(() => { region.textContent = text; }, 50); // a text that stays the same is not read again
}

/** Moves the focus to an element that takes none by itself, such as a heading or a message. */
export function focusOn(element) {
  if (!element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus();
}
