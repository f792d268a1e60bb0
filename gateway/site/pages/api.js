// How the pages talk to the edge: cookies with every call, and the CSRF cookie's value as a header with every post.
import { api } from '/shop-config.js';

const cookie = (name) => document.cookie.split('; ').find((pair) => pair.startsWith(name + '='))?.slice(name.length + 1) ?? '';

export async function get(path) {
  const answer = await fetch(api + path, { credentials: 'include' });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function post(path, fields) {
  if (!cookie('csrftoken')) await get('/user/token');
  const answer = await fetch(api + path, {
    method: 'POST', credentials: 'include', body: new URLSearchParams(fields), headers: { 'X-CSRFToken': cookie('csrftoken') },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export function element(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function table(rows) {
  const made = element('table');
  for (const cells of rows) {
    const row = element('tr');
    row.append(...cells.map((cell) => (cell instanceof Node ? cell : element('td', cell))));
    made.append(row);
  }
  return made;
}
