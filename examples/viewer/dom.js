// Elements, made of names, attributes and text. Nothing here reads markup.

/** The element with this id; the page has every id that is asked for. */
export const byId = (id) => document.getElementById(id);

/** A new element. Strings among the children become text, functions among the attributes listeners. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key === 'testid' ? 'data-testid' : key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** Text by somebody else, which cannot change the direction of what stands around it. */
export const isolated = (text, attributes = {}) => el('bdi', attributes, text);

/** Shows or hides, and says whether it is shown. */
export function show(element, shown) {
  element.hidden = !shown;
  return shown;
}
