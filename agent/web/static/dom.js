// Elements from names, attributes and children; text is text, never markup.

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Change a text only where it is another one: what has not changed is not read aloud again, and keeps its selection.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, isShown) {
  element.hidden = !isShown;
}

// Rows of a list by key: those that stay are updated in place, so that focus and scroll position stay, too.
export function keyed(list, items, { key, make, update }) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let last = null;
  for (const item of items) {
    const name = key(item);
    let row = known.get(name);
    if (!row) {
      row = make(item);
      row.dataset.key = name;
    }
    known.delete(name);
    update(row, item);
    const after = last ? last.nextSibling : list.firstChild;
    if (after !== row) list.insertBefore(row, after);
    last = row;
  }
  for (const gone of known.values()) gone.remove();
}

// Said to who cannot see it change.
export function tell(text) {
  setText(document.getElementById("told"), text);
}
