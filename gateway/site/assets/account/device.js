// What browsers call themselves, as people call them.

// The first that fits counts: most browsers name others as well.
const browsers = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'], [/\bOPR\/|\bOpera\b/, 'Opera'], [/SamsungBrowser\//, 'Samsung Internet'], [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'], [/Safari\//, 'Safari'],
];
const systems = [
  [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Macintosh|Mac OS X/, 'a Mac'], [/CrOS/, 'a Chromebook'], [/Linux/, 'Linux'],
];

const first = (list, text) => list.find(([pattern]) => pattern.test(text))?.[1];

/** "Chrome on Windows" for a User-Agent header; 'An unknown device' for what nobody knows. */
export function deviceName(userAgent) {
  const [browser, system] = [first(browsers, userAgent), first(systems, userAgent)];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (system ? `A browser on ${system}` : 'An unknown device');
}
