// Words in two languages. What was said is said again when the language changes.

import { en } from './text/en.js';
import { zh } from './text/zh.js';
import { problemsEn } from './text/problems-en.js';
import { problemsZh } from './text/problems-zh.js';
import { conditionZh } from './text/conditions-zh.js';

const TEXTS = { en: { ...en, ...problemsEn }, zh: { ...zh, ...problemsZh } };
const KEPT = 'stheno-viewer-language';
/** What stands in an element, as key and values. */
const said = new WeakMap();
/** What an element says of a condition, in the words of the SDK. */
const conditions = new WeakMap();
let language = 'en';

/** The language by its tag in HTML. */
export const tag = () => (language === 'zh' ? 'zh-Hans' : 'en');

/** Whether there are words for this key. */
export const known = (key) => key in TEXTS[language];

/** The words for a key. `{name}` is replaced by a value; a function is asked each time. */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'function' ? value() : String(value ?? '');
  });
}

/** Puts words into an element, and keeps them in the language of the page. */
export function say(element, key, values) {
  element.dataset.t = key;
  said.set(element, values);
  const text = t(key, values);
  if (element.textContent !== text) element.textContent = text;
  return element;
}

/** Empties an element that `say` filled. */
export function unsay(element) {
  delete element.dataset.t;
  element.textContent = '';
}

/** What the SDK or a node says of a condition, as a value for `say`. */
export const inWords = (text) => () => (language === 'zh' && conditionZh(text)) || text;

/** Puts what the SDK or a node says of a condition into an element. */
export function tell(element, text) {
  element.dataset.condition = '';
  conditions.set(element, text);
  element.textContent = inWords(text)();
  // Where there are no other words for it, they are English.
  if (element.textContent === text) element.lang = 'en';
  else element.removeAttribute('lang');
  return element;
}

/** Bytes, for people. */
export function bytes(count) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  const style = { style: 'unit', unit: units[unit], unitDisplay: unit ? 'short' : 'long' };
  return new Intl.NumberFormat(tag(), { ...style, maximumFractionDigits: value < 10 && unit ? 1 : 0 }).format(value);
}

/** A number, for people. */
export const number = (value) => new Intl.NumberFormat(tag()).format(value);

/** A time of day. */
export const clock = (date) => new Intl.DateTimeFormat(tag(), { timeStyle: 'short' }).format(date);

/** A span of time in its largest unit. */
export function span(seconds) {
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? units[3];
  const style = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 };
  return new Intl.NumberFormat(tag(), style).format(seconds / length);
}

/** Takes another language, or the other one. */
export function speak(wanted = language === 'en' ? 'zh' : 'en') {
  language = wanted in TEXTS ? wanted : 'en';
  document.documentElement.lang = tag();
  document.title = t('page');
  for (const element of document.querySelectorAll('[data-t]')) {
    say(element, element.dataset.t, said.get(element));
  }
  for (const element of document.querySelectorAll('[data-condition]')) tell(element, conditions.get(element));
}

/** The language of the address, else what was chosen before, else the browser's. */
export function speakAsAsked() {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEPT) ?? navigator.language;
  speak(/^zh/i.test(asked) ? 'zh' : 'en');
}

/** Switches, and remembers. */
export function switchLanguage() {
  speak();
  localStorage.setItem(KEPT, language);
}
