// What a customer's eyes and fingers find in a page; put into every document before its own scripts.
// "what" is a CSS selector when it begins with a small letter or one of # . [ : *, else the words of a label, button or link;
// "=" before small letters makes them words.
globalThis.hands ??= (() => {
  const squeeze = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const isSelector = (what) => /^[a-z#.[:*]/.test(what);
  const words = (what) => squeeze(what.replace(/^=/, ''));
  const clickable = 'a[href], button, input:not([type=hidden]), select, textarea, summary, label, [role=button], [role=link], [role=menuitem], [role=tab], [tabindex]:not([tabindex="-1"])';
  const field = 'input:not([type=hidden]):not([type=submit]):not([type=button]), select, textarea';

  const isVisible = (element) => element.getClientRects().length > 0
    && element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });

  /** The accessible name, nearly. */
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) return squeeze(by.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(' '));
    if (element.hasAttribute('aria-label')) return squeeze(element.getAttribute('aria-label'));
    if (element.labels?.length) return squeeze([...element.labels].map((label) => label.textContent).join(' '));
    if (element.matches('input[type=submit], input[type=button]')) return squeeze(element.value);
    if (element.matches(field)) return squeeze(element.title || element.placeholder);
    const pictures = [...element.querySelectorAll('img[alt]')].map((picture) => picture.alt).join(' ');
    return squeeze(`${element.textContent} ${pictures}`) || squeeze(element.title);
  };

  const places = (scope) => (scope ? [...document.querySelectorAll(scope)].filter(isVisible) : [document]);

  /** A modal dialog leaves nothing else in reach. */
  const isInReach = (element) => {
    const modal = [...document.querySelectorAll('dialog:modal')].at(-1);
    return (!modal || modal.contains(element)) && !element.closest('[inert]');
  };

  const all = (selector, scope) => [...new Set(places(scope).flatMap((place) => [...place.querySelectorAll(selector)]))];

  const byWords = (what, kind, scope) => {
    const wanted = words(what);
    const named = all(kind, scope).filter((element) => isVisible(element) && isInReach(element)).map((element) => [element, nameOf(element)]);
    for (const fits of [(name) => name === wanted, (name) => name.toLowerCase() === wanted.toLowerCase(), (name) => name.toLowerCase().includes(wanted.toLowerCase())]) {
      const found = named.filter(([, name]) => fits(name)).map(([element]) => element);
      // A label counts only where it is not the label of another find.
      const strong = found.filter((element) => !(element.tagName === 'LABEL' && (element.control && found.includes(element.control))));
      if (strong.length) return strong;
    }
    return [];
  };

  const find = (what, kind, scope) => {
    if (!isSelector(what)) return byWords(what, kind, scope);
    const found = all(what, scope);
    const visible = found.filter(isVisible);
    return (visible.length ? visible : found).slice(0, 1);
  };

  const describe = (element) => {
    if (!element) return 'nothing';
    const id = element.id ? `#${element.id}` : '';
    const classes = typeof element.className === 'string' && element.className ? `.${element.className.trim().split(/\s+/).join('.')}` : '';
    return `<${element.tagName.toLowerCase()}${id}${classes}> ${squeeze(element.textContent).slice(0, 60)}`;
  };

  /** One element, or why there is none. */
  const single = (what, kind, scope) => {
    const found = find(what, kind === 'field' ? field : clickable, scope);
    if (found.length === 0) return { problem: 'there is no such thing to see' };
    if (found.length > 1) return { problem: `there are ${found.length} of them: ${found.map(describe).join(' | ')}` };
    return { element: found[0] };
  };

  /** A checkbox may be drawn by its label. */
  const surface = (element) => {
    if (element.matches('input[type=checkbox], input[type=radio]') && element.labels?.length) {
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      if (box.width < 4 || box.height < 4 || style.opacity === '0' || style.clipPath !== 'none' || !isVisible(element)) return element.labels[0];
    }
    return element;
  };

  const hits = (element, x, y) => {
    const top = document.elementFromPoint(x, y);
    const fits = top && (element === top || element.contains(top) || (element.labels && [...element.labels].some((label) => label.contains(top))));
    return { fits, top };
  };

  let before = null;
  /** Where to press, or why one cannot yet. The place must be the same twice, so that nothing that moves is missed. */
  const aim = (what, kind, scope) => {
    const { element, problem } = single(what, kind, scope);
    if (problem) return { problem };
    const target = surface(element);
    if (!isVisible(target)) return { problem: `${describe(element)} is not visible` };
    if (element.disabled || element.getAttribute('aria-disabled') === 'true') return { problem: `${describe(element)} is disabled` };
    const middle = () => {
      const box = target.getClientRects()[0];
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    let [x, y] = middle();
    if (y < 0 || y > innerHeight || x < 0 || x > innerWidth || !hits(target, x, y).fits) {
      target.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
      [x, y] = middle();
    }
    const { fits, top } = hits(target, x, y);
    if (!fits) return { problem: `${describe(element)} is covered by ${describe(top)}` };
    const still = before && before.target === target && Math.abs(before.x - x) < 1 && Math.abs(before.y - y) < 1;
    before = { target, x, y };
    return still ? { x, y } : { problem: `${describe(element)} moves` };
  };

  const selectAll = (what, scope) => {
    const { element } = single(what, 'field', scope);
    if (!element || document.activeElement !== element) return false;
    element.select?.();
    return true;
  };

  const choose = (what, option, scope) => {
    const { element, problem } = single(what, 'field', scope);
    if (problem) return problem;
    if (element.tagName !== 'SELECT') return `${describe(element)} is no list`;
    const wanted = [...element.options].find((each) => squeeze(each.textContent) === option || each.value === option);
    if (!wanted) return `no option ${option}`;
    if (element.disabled || wanted.disabled) return 'it is disabled';
    element.focus();
    element.value = wanted.value;
    element.dispatchEvent(new Event('input', { bubbles: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
    return '';
  };

  const text = (scope) => squeeze(places(scope).map((place) => (place === document ? document.body : place)?.innerText ?? '').join(' '));

  const read = (selector, scope) => {
    const found = all(selector, scope).filter(isVisible);
    return found.length ? squeeze(found[0].innerText) : null;
  };

  const value = (what, scope) => {
    const found = find(what, field, scope);
    return found.length === 1 ? found[0].value : null;
  };

  const state = (what, scope) => {
    const { element } = single(what, 'field', scope);
    return element ? element.checked : null;
  };

  const wide = () => {
    const page = document.scrollingElement;
    if (!page || location.href === 'about:blank' || page.scrollWidth <= page.clientWidth) return '';
    const over = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > page.clientWidth + 1 && isVisible(element));
    return `${page.scrollWidth} px in ${page.clientWidth}: ${over.slice(0, 4).map(describe).join(' | ')}`;
  };

  const focused = () => {
    const element = document.activeElement;
    return !element || element === document.body ? '' : nameOf(element) || describe(element);
  };

  const measured = { shift: 0, shifts: [], paint: 0 };
  const observe = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  observe('layout-shift', (entry) => {
    if (entry.hadRecentInput) return;
    measured.shift += entry.value;
    measured.shifts.push(`${entry.value.toFixed(3)} ${entry.sources.map((source) => describe(source.node?.nodeType === 1 ? source.node : source.node?.parentElement)).join(' | ')}`);
  });
  observe('paint', (entry) => {
    if (entry.name === 'first-contentful-paint') measured.paint = entry.startTime;
  });

  return { aim, selectAll, choose, text, read, value, state, wide, focused, measured, nameOf, count: (selector, scope) => all(selector, scope).filter(isVisible).length };
})();
