// What the reader does becomes lines to the server; what the server says becomes the page.

import { Link } from "./link.js";
import { fold } from "./message.js";
import { Model, SERVER } from "./room.js";
import { View } from "./view.js";

const PAGE = 100;
const at = (id) => document.getElementById(id);
const model = new Model();
const view = new View(model);
const link = new Link({ message: hear, state: changed, failure: refused });
const asked = new Map();
let searching = null;
let past = [];
let pastAt = 0;

// ---- coming in -----------------------------------------------------------------------------------

const kept = JSON.parse(localStorage.getItem("coax") ?? "{}");
const keep = (more) => localStorage.setItem("coax", JSON.stringify(Object.assign(kept, more)));
at("nick").value = kept.nick ?? "";
if (location.hash.length > 1) at("channel").value = decodeURIComponent(location.hash);

at("welcome").addEventListener("submit", (event) => {
  event.preventDefault();
  const nick = at("nick").value.trim();
  const channel = at("channel").value.trim();
  const rooms = new Set([...(kept.rooms ?? []), ...(channel ? [/^[#&]/.test(channel) ? channel : `#${channel}`] : [])]);
  keep({ nick, rooms: [...rooms] });
  at("welcome-error").hidden = true;
  link.start({ nick, account: nick, password: at("password").value, register: at("register").checked });
});

function refused(why) {
  at("chat").hidden = true;
  at("welcome").hidden = false;
  at("welcome-error").hidden = false;
  at("welcome-error").textContent = why;
}

function changed(state) {
  const said = { opening: "Connecting…", waiting: "The line broke. Trying again…", closed: "You left.", ready: "" };
  view.status(said[state]);
  if (state !== "ready") return;
  at("welcome").hidden = true;
  at("chat").hidden = false;
  if (!view.shown) show(model.room(kept.rooms?.at(-1) ?? SERVER));
  for (const name of kept.rooms ?? []) link.send("JOIN", [name]);
  for (const room of model.rooms.values()) if (room.kind === "person") catchUp(room);
  at("message").focus();
}

// ---- what the server says ------------------------------------------------------------------------

function hear(message) {
  const batch = message.command === "BATCH" && message.params[0].startsWith("-") ? model.batches.get(message.params[0].slice(1)) : null;
  const touched = model.receive(message, view.shown);
  if (batch?.type === "chathistory") pageCame(batch, touched);
  if (batch?.type === "soju.im/search" && searching) view.results(batch.found.reverse());
  if (message.command === "JOIN" && model.isMe(message.nick) && !message.tags.has("batch")) joined(model.find(message.params[0]));
  if (message.command === "PRIVMSG" && !model.isMe(message.nick)) ring(message);
  if (message.command === "FAIL" || message.command === "REGISTER" || /^90\d$/.test(message.command)) at("account-note").textContent = message.params.at(-1);
  for (const room of touched) if (room.stale) (room.stale = false), link.send("NAMES", [room.name]);
  if (view.shown) view.update(touched);
}

function joined(room) {
  keep({ rooms: [...new Set([...(kept.rooms ?? []).filter((name) => fold(name) !== fold(room.name)), room.name])] });
  if (link.caps.has("draft/no-implicit-names")) link.send("NAMES", [room.name]);
  catchUp(room);
  if (wanted === fold(room.name)) show(room);
}

/** Asks for what was said while nobody listened: the last page, or all since the last line known. */
function catchUp(room) {
  if (!link.caps.has("draft/chathistory")) return resend(room);
  const newest = room.newest();
  asked.set(fold(room.name), newest ? "after" : "latest");
  link.send("CHATHISTORY", newest ? ["AFTER", room.name, `msgid=${newest}`, PAGE] : ["LATEST", room.name, "*", PAGE]);
}

function pageCame(batch, touched) {
  const room = model.room(batch.target);
  const why = asked.get(fold(room.name));
  asked.delete(fold(room.name));
  touched.add(room);
  if (why === "after" && batch.count >= PAGE) return catchUp(room);
  if (why === "before" && batch.count === 0) room.older = false;
  if (why !== "before") resend(room);
}

/** What was typed while the line was broken, or not echoed before it broke. */
function resend(room) {
  const waiting = room.pending.splice(0);
  for (const line of waiting) {
    const arrived = room.lines.some((said) => said.own && said.at >= line.at - 60_000 && said.text === line.text);
    if (!arrived) say(room, line.kind, line.text, line.at);
  }
}

function ring(message) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const room = model.find(message.params[0]) ?? model.find(message.nick);
  const line = room?.lines.at(-1);
  if (line?.mention || room?.kind === "person") new Notification(`${message.nick} · ${room.name}`, { body: line.text, tag: room.name });
}

// ---- what the reader does ------------------------------------------------------------------------

let wanted = null;

function show(room) {
  view.shown = room;
  room.unread = room.mentions = 0;
  view.show(room);
  room.firstUnread = null;
  location.replace(room.kind === "channel" ? `#${encodeURIComponent(room.name.slice(1))}` : "#");
  for (const drawer of ["rooms", "members"]) drawerTo(drawer, false);
  at("message").placeholder = room.kind === "server" ? "/join #channel" : `Message ${room.name}`;
}

function say(room, kind, text, when = Date.now()) {
  const label = link.label();
  const line = { at: when, kind, nick: model.nick, text, own: true, label };
  const echoed = link.caps.has("echo-message") && link.caps.has("labeled-response");
  const sent = link.send("PRIVMSG", [room.name, kind === "action" ? `\x01ACTION ${text}\x01` : text], echoed ? { label } : {});
  if (echoed || !sent) room.pending.push(line);
  else room.add({ ...line, label: undefined });
  view.update(new Set([room]));
  view.toEnd();
}

const COMMANDS = {
  join: (rest) => join(rest),
  part: (rest) => link.send("PART", rest ? [rest] : [view.shown.name]),
  me: (rest) => say(view.shown, "action", rest),
  msg: (rest) => {
    const [to, ...text] = rest.split(" ");
    show(model.room(to));
    if (text.length) say(view.shown, "say", text.join(" "));
  },
  query: (rest) => show(model.room(rest)),
  nick: (rest) => link.send("NICK", [rest]),
  topic: (rest) => link.send("TOPIC", rest ? [view.shown.name, rest] : [view.shown.name]),
  away: (rest) => link.send("AWAY", rest ? [rest] : []),
  invite: (rest) => link.send("INVITE", [rest, view.shown.name]),
  kick: (rest) => link.send("KICK", [view.shown.name, ...split(rest, 2)]),
  mode: (rest) => link.send("MODE", [view.shown.name, ...rest.split(" ").filter(Boolean)]),
  who: () => link.send("NAMES", [view.shown.name]),
  whois: (rest) => link.send("WHOIS", [rest || model.nick]),
  quit: (rest) => link.stop(rest || "left the page"),
  quote: (rest) => link.socket?.send(rest.replace(/[\r\n]/g, " ")),
};

function join(name) {
  const channel = /^[#&]/.test(name) ? name : `#${name}`;
  wanted = fold(channel);
  if (model.find(channel)?.joined) show(model.find(channel));
  else link.send("JOIN", channel.split(" "));
}

function split(text, parts) {
  const words = text.split(" ");
  return [...words.slice(0, parts - 1), words.slice(parts - 1).join(" ")].filter(Boolean);
}

function enter(text) {
  const command = /^\/([a-z]+) ?(.*)$/is.exec(text);
  if (text.startsWith("//")) text = text.slice(1);
  else if (command) {
    const known = COMMANDS[command[1].toLowerCase()];
    if (known) return known(command[2].trim());
    return view.status(`There is no /${command[1]}. There are: ${Object.keys(COMMANDS).map((name) => `/${name}`).join(" ")}`);
  }
  view.status("");
  if (view.shown.kind === "server") return view.status("This room is the server's. Join a channel: /join #lobby");
  for (const line of text.split("\n").filter((line) => line.trim())) for (const part of portions(line)) say(view.shown, "say", part);
}

/** Parts of a text that fit into one line of IRC each, cut between words where there are any. */
function portions(text, most = 380) {
  const encoder = new TextEncoder();
  const parts = [""];
  for (const piece of text.match(/\s+|\S{1,80}/gu) ?? []) {
    if (encoder.encode(parts.at(-1) + piece).length > most) parts.push("");
    parts[parts.length - 1] += piece;
  }
  return parts.filter((part) => part.trim());
}

at("talk").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("message").value;
  if (!text.trim()) return;
  at("message").value = "";
  past.push(text);
  pastAt = past.length;
  enter(text);
});

at("message").addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const act = { Enter: !event.shiftKey && (() => at("talk").requestSubmit()), Tab: !event.shiftKey && complete, ArrowUp: () => recall(-1), ArrowDown: () => recall(1) }[event.key];
  if (event.key !== "Tab") completing = null;
  if (act && act() !== false) event.preventDefault();
});

let completing = null;

/** Completes the nick, or channel, before the cursor; again: the next that fits. */
function complete() {
  const box = at("message");
  if (!completing) {
    const head = box.value.slice(0, box.selectionStart);
    const stem = /\S*$/.exec(head)[0];
    if (!stem) return false;
    const names = [...model.members(view.shown).map((member) => member.nick), ...[...model.rooms.values()].map((room) => room.name)];
    const fits = names.filter((name) => fold(name).startsWith(fold(stem)));
    if (!fits.length) return false;
    completing = { before: head.slice(0, -stem.length), after: box.value.slice(head.length), fits, next: 0 };
  }
  const { before, after, fits, next } = completing;
  const name = fits[next % fits.length] + (before ? " " : ": ");
  completing.next = next + 1;
  box.value = before + name + after;
  box.selectionStart = box.selectionEnd = (before + name).length;
}

/** Brings back what was typed earlier, while the box holds one line. */
function recall(step) {
  const box = at("message");
  if (box.value.includes("\n") || (box.value && box.value !== past[pastAt])) return false;
  pastAt = Math.max(0, Math.min(past.length, pastAt + step));
  box.value = past[pastAt] ?? "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-room]");
  if (button) show(model.room(button.dataset.room));
});

at("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("join-name").value.trim();
  at("join-name").value = "";
  if (name) join(name);
});

at("leave").addEventListener("click", () => {
  const room = view.shown;
  keep({ rooms: (kept.rooms ?? []).filter((name) => fold(name) !== fold(room.name)) });
  if (room.kind === "channel" && room.joined) link.send("PART", [room.name]);
  model.rooms.delete(fold(room.name));
  show(model.room(kept.rooms.at(-1) ?? SERVER));
});

at("older").addEventListener("click", () => {
  const room = view.shown;
  const oldest = room.oldest();
  if (!oldest) return;
  asked.set(fold(room.name), "before");
  link.send("CHATHISTORY", ["BEFORE", room.name, `msgid=${oldest}`, PAGE]);
});
at("newest").addEventListener("click", () => view.toEnd());

function drawerTo(name, open) {
  at(name).classList.toggle("open", open);
  at(`${name}-toggle`).setAttribute("aria-expanded", String(open));
}
for (const name of ["rooms", "members"]) at(`${name}-toggle`).addEventListener("click", () => drawerTo(name, !at(name).classList.contains("open")));

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    openSearch();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    const buttons = [...document.querySelectorAll("#room-list button")];
    const here = buttons.findIndex((button) => button.hasAttribute("aria-current"));
    buttons[(here + (event.key === "ArrowUp" ? -1 : 1) + buttons.length) % buttons.length].click();
  } else if (event.key === "Escape") {
    for (const drawer of ["rooms", "members"]) drawerTo(drawer, false);
    at("message").focus();
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !view.shown) return;
  view.shown.unread = view.shown.mentions = 0;
  view.rooms();
});

// ---- search and account --------------------------------------------------------------------------

function openSearch() {
  at("search").showModal();
  at("search-words").focus();
}
at("search-open").addEventListener("click", openSearch);

at("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!link.caps.has("soju.im/search")) return (at("search-note").textContent = "This server keeps no history to search.");
  const everywhere = at("search-everywhere").checked || view.shown.kind === "server";
  const rooms = everywhere ? [...model.rooms.values()].filter((room) => room.kind !== "server") : [view.shown];
  searching = at("search-words").value;
  at("search-note").textContent = "Searching…";
  const escape = (text) => text.replace(/\\/g, "\\\\").replace(/;/g, "\\:").replace(/ /g, "\\s");
  const where = everywhere ? "" : `in=${escape(rooms[0].name)};`;
  link.send("SEARCH", [`${where}text=${escape(searching)};limit=50`]);
});

at("account-open").addEventListener("click", () => {
  at("account-name").value = model.account || model.nick;
  at("account").showModal();
});

at("account-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, password] = [at("account-name").value, at("account-password").value];
  Object.assign(link.identity, { account: name, password });
  if (event.submitter.value === "register") link.send("REGISTER", [name, "*", password]);
  else link.send("AUTHENTICATE", ["PLAIN"]);
});
