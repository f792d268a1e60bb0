// Money as the API writes it, strings with two decimals, in whole cents. Nothing here counts in fractions.

/** The cents of a price such as "3.50", 3.5, "-0.94" or 0. Throws on what is no amount. */
export function cents(price) {
  const parts = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(price).trim());
  if (!parts) throw new TypeError(`not an amount: ${price}`);
  const amount = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'));
  return parts[1] && amount ? -amount : amount;
}

/** Cents as the API writes them: 350 is "3.50". */
export function fromCents(amount) {
  const whole = Math.abs(amount);
  return `${amount < 0 ? '-' : ''}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
}

/** The price of several: times("3.50", 2) is "7.00". */
export function times(price, quantity) {
  return fromCents(cents(price) * quantity);
}

/** An amount as customers read it: money("1234.5") is "$1,234.50". */
export function money(price) {
  const [whole, part] = fromCents(cents(price)).replace('-', '').split('.');
  return `${cents(price) < 0 ? '−' : ''}$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${part}`;
}

/** "$3.50", or "$3.99 to $5.99" when the prices differ. */
export function priceRange(low, high) {
  return low === high ? money(low) : `${money(low)} to ${money(high)}`;
}
