// Remote text to nodes: addresses become links, the old formatting codes become classes, all else is text.
//
// Nothing here ever parses markup: what a stranger wrote reaches the page through textContent alone.

const CODES = { "\x02": "b", "\x1d": "i", "\x1f": "u", "\x1e": "s", "\x11": "m" };
const COLOUR = /\x03(\d{1,2}(,\d{1,2})?)?|\x04([0-9a-fA-F]{6}(,[0-9a-fA-F]{6})?)?|\x16/g;
// What a terminal would obey (ECMA-48): whole, or its letters would be left behind.
const ESCAPE = /\x1b[\]PX^_][^\x07\x1b\x9c]*(\x07|\x1b\\|\x9c)|(\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]/g;
const LINK = /\bhttps?:\/\/[^\s<>"\u202a-\u202e\u2066-\u2069]+/gi;
// Controls, the separators of lines, and the marks that turn the direction of what follows (UAX #9).
const UNSEEN = /[\x00-\x01\x03-\x08\x0b-\x0e\x10\x12-\x1c\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/** The text as nodes in an element of its own, so that its direction does not leak. */
export function rich(text) {
  const whole = element("bdi", "text");
  const styles = new Set();
  for (const part of uncoloured(text).split(/([\x02\x1d\x1f\x1e\x11\x0f])/)) {
    if (part === "\x0f") styles.clear();
    else if (CODES[part]) styles.has(CODES[part]) ? styles.delete(CODES[part]) : styles.add(CODES[part]);
    else if (part) whole.append(...linked(part.replace(UNSEEN, ""), [...styles].join(" ")));
  }
  return whole;
}

const uncoloured = (text) => text.replace(ESCAPE, "").replace(COLOUR, "");

/** Text as people can read it, without codes. */
export const plain = (text) => uncoloured(text).replace(UNSEEN, "").replace(/[\x02\x1d\x1f\x1e\x11\x0f]/g, "");

function linked(text, style) {
  const nodes = [];
  let done = 0;
  for (const found of text.matchAll(LINK)) {
    const address = found[0].replace(/[.,;:!?)\]}'"]+$/, "");
    if (!URL.canParse(address)) continue;
    nodes.push(...styled(text.slice(done, found.index), style));
    const link = element("a", style, address);
    Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer nofollow" });
    nodes.push(link);
    done = found.index + address.length;
  }
  return [...nodes, ...styled(text.slice(done), style)];
}

function styled(text, style) {
  if (!text) return [];
  return [style ? element("span", style, text) : document.createTextNode(text)];
}

/** An element of one class, holding text. */
export function element(name, classes = "", text = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}

/** A nick in its colour: the same nick has the same one everywhere. */
export function nick(name, tag = "bdi") {
  let sum = 0;
  for (const letter of name.toLowerCase()) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return element(tag, `who n${sum % 8}`, plain(name));
}
