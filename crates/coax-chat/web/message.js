// The IRC line, both ways: text ↔ {tags, source, nick, command, params}.
//
// Everything a stranger wrote stays a string here; nothing is markup.

const UNESCAPE = { ":": ";", s: " ", "\\": "\\", r: "\r", n: "\n" };
const ESCAPE = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };

export function parse(line) {
  const message = { tags: new Map(), source: "", nick: "", command: "", params: [] };
  let rest = line;
  if (rest.startsWith("@")) {
    const [tags, after] = word(rest.slice(1));
    for (const tag of tags.split(";")) {
      const [name, value] = cut(tag, "=");
      if (name) message.tags.set(name, unescapeTag(value));
    }
    rest = after;
  }
  if (rest.startsWith(":")) {
    [message.source, rest] = word(rest.slice(1));
    message.nick = message.source.split("!")[0];
  }
  [message.command, rest] = word(rest);
  message.command = message.command.toUpperCase();
  while (rest) {
    if (rest.startsWith(":")) {
      message.params.push(rest.slice(1));
      break;
    }
    let param;
    [param, rest] = word(rest);
    if (param) message.params.push(param);
  }
  return message;
}

export function format(command, params = [], tags = {}) {
  const head = Object.entries(tags).map(([name, value]) => (value === "" ? name : `${name}=${escapeTag(value)}`)).join(";");
  const words = params.map((param, place) => {
    const text = String(param).replace(/[\r\n\0]/g, " ");
    return place === params.length - 1 && (text === "" || text.includes(" ") || text.startsWith(":")) ? `:${text}` : text;
  });
  return [...(head ? [`@${head}`] : []), command, ...words].join(" ");
}

/** The key of a nick or channel: the server says CASEMAPPING=rfc7613. */
export const fold = (name) => name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");

function word(text) {
  const [first, rest] = cut(text, " ");
  return [first, rest.replace(/^ +/, "")];
}

function cut(text, at) {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + at.length)];
}

const unescapeTag = (value) => value.replace(/\\(.?)/gs, (_, letter) => UNESCAPE[letter] ?? letter);
const escapeTag = (value) => value.replace(/[;\s\\]/g, (letter) => ESCAPE[letter] ?? letter);
