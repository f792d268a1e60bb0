// The rules of the pages' scripts: what a reader expects, and no way from a text to HTML.
import js from '@eslint/js';

const browser = [
  'AbortController', 'AbortSignal', 'BroadcastChannel', 'CSS', 'CustomEvent', 'DOMParser', 'Element', 'Event', 'EventTarget', 'HTMLElement', 'Image', 'IntersectionObserver', 'Intl', 'MutationObserver',
  'Node', 'ResizeObserver', 'URL', 'URLSearchParams', 'clearTimeout', 'console', 'crypto', 'document', 'fetch', 'history', 'location', 'matchMedia',
  'navigator', 'performance', 'requestAnimationFrame', 'sessionStorage', 'setTimeout', 'window',
];

const toMarkup = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'writeln', 'createContextualFragment', 'srcdoc'];

export default [
  js.configs.recommended,
  {
    files: ['gateway/site/assets/**/*.js'],
    languageOptions: { globals: Object.fromEntries(browser.map((name) => [name, 'readonly'])) },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-restricted-globals': ['error', 'alert', 'confirm', 'prompt', 'localStorage'],
      'no-restricted-properties': ['error', ...toMarkup.map((property) => ({ property, message: 'Text stays text: see element.js and prose.js.' }))],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 50],
      'max-depth': ['error', 3],
      complexity: ['error', 12],
    },
  },
];
