// How many of one article: a box between a minus and a plus. What is typed is sent a moment after the last key, the last
// value wins, and what cannot be ordered is said instead of sent (contract storefront.md 9, journeys.md D4).

import { announce, h } from '../element.js';
import { readQuantity, stepper } from '../quantity.js';

const pause = 400; // milliseconds after the last key
const least = 0; // a row that is not ordered now

let count = 0;

/**
 * The box of a line. send(take) brings the quantity to the server when its turn has come: it calls take() for the newest
 * value, and resolves to the quantity that the cart has then.
 * Gives {element, problem} to place, and the methods below.
 */
export const quantityBox = ({ quantity, send }) => new QuantityBox(quantity, send);

class QuantityBox {
  // saved is what the cart has, wanted what was typed and is not there yet, sent what is on its way.
  #saved; #wanted = null; #sent = null; #timer = 0; #send;
  #problem = h('p', { className: 'field__problems', id: `quantity-problem-${count += 1}`, hidden: true });
  #input = h('input', {
    type: 'text', inputMode: 'numeric', autocomplete: 'off', enterKeyHint: 'done', 'aria-describedby': this.#problem.id,
    on: { input: () => this.#typed(), blur: () => this.#left(), keydown: ({ key }) => key === 'Enter' && this.flush(), focus: () => this.#input.select() },
  });
  #stepper;

  constructor(quantity, send) {
    this.#saved = quantity;
    this.#send = send;
    this.#input.value = quantity;
    this.#stepper = stepper(this.#input, { least, base: () => this.#saved });
    this.element = this.#stepper.element;
    this.element.role = 'group';
    this.problem = this.#problem;
  }

  /** Labels everything with the goods' name. */
  rename(name) {
    this.element.setAttribute('aria-label', name);
    this.#input.setAttribute('aria-label', `Quantity of ${name}`);
    this.#stepper.rename({ less: `One less of ${name}`, more: `One more of ${name}` });
  }

  /** Takes over what the cart has, unless the customer is just saying otherwise. */
  update(quantity) {
    this.#saved = quantity;
    if (this.#wanted !== null || this.#sent !== null || this.isInvalid() || this.#input.value.trim() === '') return;
    this.#input.value = quantity;
    this.#stepper.showLimits();
  }

  /** Puts back what the cart has, and says why; what was typed since then stays. */
  refuse(text) {
    if (this.#wanted !== this.#sent) return;
    this.#wanted = null;
    this.#input.value = this.#saved;
    this.#stepper.showLimits();
    this.say(text);
  }

  /** Shows what the cart has, unless the customer is just saying otherwise, and says why. */
  putBack(text) {
    if (this.#wanted === null && this.#sent === null) this.#input.value = this.#saved;
    this.#stepper.showLimits();
    this.say(text);
  }

  /** Says something under the box; '' takes it away. */
  say(text, { isInvalid = false } = {}) {
    this.#problem.textContent = text;
    this.#problem.hidden = !text;
    if (isInvalid) this.#input.setAttribute('aria-invalid', 'true');
    else this.#input.removeAttribute('aria-invalid');
    if (text) announce(text);
  }

  /** Whether something stands in the box that cannot be ordered. */
  isInvalid() { return this.#input.hasAttribute('aria-invalid'); }

  focus() { this.#input.focus(); }

  /** Forgets what is not sent yet: the line goes. */
  forget() {
    clearTimeout(this.#timer);
    this.#wanted = null;
  }

  /** Sends what is not sent yet without a further pause. */
  async flush() {
    clearTimeout(this.#timer);
    if (this.#sent !== null || this.#wanted === null) return;
    if (this.#wanted === this.#saved) {
      this.#wanted = null;
      return;
    }
    this.#sent = this.#wanted;
    this.#saved = await this.#send(() => (this.#sent = this.#wanted ?? this.#sent));
    const isNewest = this.#wanted === this.#sent;
    this.#sent = null;
    if (isNewest) this.#wanted = null;
    else this.flush();
  }

  #typed() {
    clearTimeout(this.#timer);
    const { quantity, problem = '' } = readQuantity(this.#input.value, least);
    this.say(problem, { isInvalid: Boolean(problem) });
    this.#wanted = quantity ?? null;
    if (quantity === undefined) return;
    this.#timer = setTimeout(() => this.flush(), pause);
  }

  #left() {
    const { quantity, problem } = readQuantity(this.#input.value, least);
    if (quantity !== undefined) this.#input.value = quantity; // "007" is 7
    if (quantity !== undefined || problem) {
      this.flush();
      return;
    }
    this.#input.value = this.#sent ?? this.#saved;
    this.#stepper.showLimits();
    this.say(`The box was empty, so the quantity stays at ${this.#input.value}. To take it out of the cart, choose Remove.`);
  }
}
