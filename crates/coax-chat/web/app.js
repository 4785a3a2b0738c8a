// The page at work: what the server says becomes the model, and the model the page.
//
// It comes in, joins, catches up on what was missed, and says again what did not arrive. What the
// reader does stands in compose.js, commands.js and dialogs.js.

import { Commands } from "./commands.js";
import { compose } from "./compose.js";
import { dialogs } from "./dialogs.js";
import { keep, kept } from "./kept.js";
import { Link } from "./link.js";
import { fold } from "./message.js";
import { Model } from "./model.js";
import { SERVER } from "./room.js";
import { base64 } from "./scram.js";
import { plain } from "./text.js";
import { View, title } from "./view.js";

/** Lines of history asked for at once. */
const PAGE = 100;
const WAITING = { opening: "Connecting…", waiting: "The connection broke. Trying again…" };
/** Talk of two that is listed again after signing in. */
const TALKS = 30;
const LEFT = "You left.";
const LOST = "The server does not answer. Trying again…";
/** How far the clocks of this machine and the server may differ, in milliseconds. */
const SKEW = 300_000;

const at = (id) => document.getElementById(id);
const model = new Model();
const view = new View(model);
const link = new Link({ message: hear, state: changed, failure: refused, silent: line, trouble });
const chat = { model, view, link, show, say, ask, join, leave, older, newer, newest, goTo, wanted: null, searching: null };
/** Why no connection can be opened, where that is known. */
let obstacle = "";
chat.commands = new Commands(chat);
compose(chat);
dialogs(chat);

// ---- coming in -----------------------------------------------------------------------------------

at("nick").value = kept.nick;
model.closed = kept.closed;
// On https, and on this machine, nobody on the way can read along.
at("open-line").hidden = isSecureContext;
at("by-nc").textContent = `nc ${location.hostname} ${location.port || (location.protocol === "https:" ? 443 : 80)}`;
if (location.hash.length > 1) at("channel").value = decodeURIComponent(location.hash);
else if (kept.rooms.length) at("channel").value = kept.rooms.at(-1);

const channels = (text) => text.split(/[\s,]+/).filter(Boolean).map((name) => (/^[#&]/.test(name) ? name : `#${name}`));

at("welcome").addEventListener("submit", (event) => {
  event.preventDefault();
  const nick = at("nick").value.trim().replace(/\s+/g, "_");
  keep({ nick, rooms: [...new Set([...kept.rooms, ...channels(at("channel").value)])] });
  at("welcome-error").hidden = true;
  at("enter").disabled = true;
  const password = at("password").value;
  const { account = nick, ...key } = kept.key ?? {};
  const known = kept.key && !password && !at("register").checked;
  link.start({ nick, account: known ? account : nick, password, key: known ? key : null, register: at("register").checked, word: at("word").value });
});

// A reload is no reason to ask again, unless there is a password to type.
if (kept.inside && kept.nick) at("welcome").requestSubmit();

function welcome(why) {
  if (why !== LOST) keep({ inside: false, key: null });
  at("chat").hidden = true;
  at("door").hidden = false;
  at("enter").disabled = false;
  at("welcome-error").hidden = !why;
  at("welcome-error").textContent = why === LOST ? `${why} ${obstacle}`.trim() : why;
  at("welcome-error").classList.toggle("error", why !== LEFT);
}

function refused(why, command) {
  welcome(why);
  if (command !== "464") return;
  at("word-label").hidden = false;
  at("word").focus();
}

/** No connection opens, and this is the reason. */
function trouble(why) {
  obstacle = why;
  line();
  if (!view.shown && link.identity && why) welcome(LOST);
}

/** What the reader has to know of the connection, for as long as it is so. */
function line() {
  const { state, identity } = link;
  const wanted = identity?.nick ?? "";
  let text = WAITING[state] ?? "";
  if (state === "waiting" && obstacle) text = `${text} ${obstacle}`;
  if (state === "ready" && link.silent) text = "The server is silent. Asking whether it is still there…";
  else if (state === "ready" && fold(link.nick) !== fold(wanted)) text = `${wanted} is taken. You are ${link.nick} until it is free.`;
  view.line(text, state !== "ready" || link.silent);
}

function changed(state) {
  line();
  // Whoever comes in again is signed in when the server says so again.
  if (state === "opening") model.account = "";
  if (state === "opening" && !view.shown) at("welcome-error").hidden = true;
  if (state === "waiting") {
    model.cut();
    if (view.shown) view.update([view.shown]);
    else welcome(LOST);
  }
  if (state === "closed" && !at("chat").hidden) welcome(LEFT);
  if (state === "ready") arrived();
}

function arrived() {
  const { nick, account, password, key, word } = link.identity;
  keep({ inside: !password && !word, key: model.account && key ? { account, ...key } : null });
  view.history = link.caps.has("draft/chathistory");
  at("password").value = at("word").value = "";
  at("enter").disabled = false;
  at("door").hidden = true;
  at("chat").hidden = false;
  if (fold(link.nick) !== fold(nick) && /reserved/.test(link.taken)) view.status(`${nick} is reserved: it belongs to an account. You are ${link.nick}; sign in to be ${nick}.`);
  const again = [...model.rooms.values()].filter((room) => room.rejoin).map((room) => room.name);
  if (!view.shown) {
    chat.wanted = fold(kept.rooms.at(-1) ?? "");
    show(model.room(SERVER));
    again.push(...kept.rooms);
  }
  for (const name of new Set(again)) link.send("JOIN", [name]);
  for (const room of model.rooms.values()) if (room.kind === "person") catchUp(room);
  if (model.account && view.history) {
    // The talk of two belongs to the account, wherever it was last.
    link.send("CHATHISTORY", ["TARGETS", "timestamp=1970-01-01T00:00:00.000Z", `timestamp=${new Date(Date.now() + SKEW).toISOString()}`, TALKS]);
  }
  if (matchMedia("(pointer: fine)").matches) at("message").focus();
}

// ---- what the server says ------------------------------------------------------------------------

function hear(message) {
  const batch = message.command === "BATCH" && message.params[0].startsWith("-") ? model.batches.get(message.params[0].slice(1)) : null;
  const past = model.batches.get(message.tags.get("batch"))?.type === "chathistory";
  const touched = model.receive(message, view.shown);
  if (batch?.type === "chathistory") pageCame(batch, touched);
  if (batch?.type === "soju.im/search" && chat.searching) view.results(batch.found.reverse());
  if (message.command === "JOIN" && model.isMe(message.nick) && !past) joined(model.find(message.params[0]));
  if (message.command === "FAIL" && message.params[0] === "CHATHISTORY") noPage(message);
  chat.news(message);
  if (message.command === "NICK" && model.isMe(message.params[0])) {
    keep({ nick: link.identity?.nick ?? kept.nick });
    line();
  }
  // Later a name that was wanted turned out not to be had.
  if (message.command === "433" && link.isReady) line();
  if (message.command === "903" && link.isReady) keep({ key: link.identity?.key ? { account: link.identity.account, ...link.identity.key } : null });
  for (const room of touched) tidy(room);
  view.update(touched);
  if (message.command === "PRIVMSG" && !past && !model.isMe(message.nick)) ring(message);
}

function tidy(room) {
  if (room.stale) (room.stale = false), link.send("NAMES", [room.name]);
  if (room !== view.shown || view.log.atEnd()) room.trim();
}

function joined(room) {
  keep({ rooms: [...kept.rooms.filter((name) => fold(name) !== fold(room.name)), room.name] });
  if (link.caps.has("draft/no-implicit-names")) link.send("NAMES", [room.name]);
  catchUp(room);
  if (chat.wanted !== fold(room.name)) return;
  chat.wanted = null;
  show(room);
}

/** Asks for what was said while nobody listened: the last page, or all since the last line known. */
function catchUp(room) {
  if (!link.caps.has("draft/chathistory")) return resend(room);
  room.ask(room.since ? "after" : "latest");
  link.send("CHATHISTORY", room.since ? ["AFTER", room.name, `msgid=${room.since}`, PAGE] : ["LATEST", room.name, "*", PAGE]);
}

function older() {
  const room = view.shown;
  const oldest = room.oldest();
  if (!oldest || !room.older || room.asked || !view.history) return;
  room.ask("before");
  link.send("CHATHISTORY", ["BEFORE", room.name, `msgid=${oldest}`, PAGE]);
}

function pageCame(batch, touched) {
  const room = model.room(batch.target);
  const why = room.asked;
  room.asked = "";
  touched.add(room);
  if (why === "after" && batch.count >= PAGE && batch.last) {
    room.since = batch.last;
    return catchUp(room);
  }
  if (why === "newer") room.later = batch.count >= PAGE;
  if (["latest", "before"].includes(why) && batch.count < PAGE) room.older = false;
  if (["latest", "after"].includes(why)) resend(room);
}

/** No page: the line we knew may be too old by now. Then the last page has to do, or none. */
function noPage(message) {
  const room = message.params.map((param) => model.find(param)).find((known) => known?.asked);
  if (!room) return;
  const why = room.asked;
  room.asked = "";
  room.since = undefined;
  if (why === "after") catchUp(room);
  else if (why === "latest") resend(room);
  else if (why === "around") newest();
  else if (why === "newer") room.later = false;
  else room.older = false;
}

/** What was typed while the line was broken, or not echoed before it broke. */
function resend(room) {
  const heard = room.lines.filter((line) => line.own && !line.live && !line.taken);
  const sure = link.caps.has("draft/chathistory");
  for (const line of room.pending.splice(0)) {
    // Said on this very line: its echo is still to come.
    if (line.sent === link.turn) {
      room.pending.push(line);
      continue;
    }
    // The server knows by the id whether it was said. Otherwise the history tells, or nobody.
    if (line.run && line.run === link.run) {
      say(room, line.kind, line.text, line.once);
      continue;
    }
    const arrived = heard.find((said) => !said.taken && said.kind === line.kind && said.text === line.text && said.at >= line.at - SKEW);
    if (arrived) arrived.taken = true;
    else if (!line.sent || sure) say(room, line.kind, line.text, line.once);
    else room.pending.push({ ...line, doubtful: true });
  }
  view.update([room]);
}

/** Rings last, when all is shown: some browsers have Notification and throw at its use (Android). */
function ring(message) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const room = model.find(message.params[0]) ?? model.find(message.nick);
  const line = model.latest;
  if (!line || !(line.mention || room?.kind === "person")) return;
  try {
    new Notification(`${line.nick} · ${title(room)}`, { body: plain(line.text), tag: room.name });
  } catch {
    // The count in the title of the window has to do.
  }
}

// ---- what the reader does ------------------------------------------------------------------------

function show(room) {
  model.shown = room;
  room.read();
  view.show(room);
  room.firstUnread = null;
  history.replaceState(null, "", room.kind === "channel" ? `#${encodeURIComponent(room.name.replace(/^#/, ""))}` : "#");
  chat.closeDrawers();
  at("message").placeholder = room.kind === "server" ? "/join #channel" : `Message ${title(room)}`;
  if (room.lines.length === 0 && room.kind === "person" && link.isReady) catchUp(room);
}

/** Asks the server something for `room`: what goes wrong is said there. */
function ask(room, command, ...params) {
  if (!link.caps.has("labeled-response")) return link.send(command, params);
  const label = link.label();
  model.asked.set(label, fold(room.name));
  return link.send(command, params, { label });
}

/** Says a line, or keeps it until it can be said. `once` is the id by which the server says it once. */
function say(room, kind, text, once = base64(crypto.getRandomValues(new Uint8Array(18)))) {
  if (room.later) present(room);
  const label = link.label();
  const tags = link.run === null ? { label } : { label, "coax.chat/once": once };
  const sent = link.isReady && room.joined && link.send("PRIVMSG", [room.name, kind === "action" ? `\x01ACTION ${text}\x01` : text], tags);
  const echoed = link.caps.has("echo-message") && link.caps.has("labeled-response");
  const line = { at: Date.now(), kind, nick: model.nick, text, own: true, label, once, sent: sent && link.turn, run: sent && link.run };
  if (echoed || !sent) room.pending.push({ ...line, pending: true });
  else room.add(line);
  view.update([room]);
}

function join(name) {
  const [channel, ...key] = name.split(" ");
  const [wanted] = channels(channel);
  if (!wanted) return;
  chat.wanted = fold(wanted);
  if (model.find(wanted)?.joined) show(model.find(wanted));
  else ask(view.shown, "JOIN", wanted, ...key);
}

/** Shows one line, with what was said around it. */
function goTo(name, id) {
  const room = model.room(name);
  show(room);
  view.log.seek(id);
  if (room.ids.has(id) || !view.history || !link.isReady) return;
  room.clear(true);
  room.ask("around");
  link.send("CHATHISTORY", ["AROUND", room.name, `msgid=${id}`, PAGE]);
}

/** The next page of the part that is shown. */
function newer() {
  const room = view.shown;
  if (!room.later || room.asked || !room.newest() || !link.isReady) return;
  room.ask("newer");
  link.send("CHATHISTORY", ["AFTER", room.name, `msgid=${room.newest()}`, PAGE]);
}

/** From an earlier part of the talk to what is said now. */
function present(room) {
  room.clear();
  if (room === view.shown) view.show(room);
  if (link.isReady) catchUp(room);
}

function newest() {
  if (view.shown.later) present(view.shown);
  else view.log.toEnd();
}

function leave(room) {
  keep({ rooms: kept.rooms.filter((name) => fold(name) !== fold(room.name)) });
  if (room.kind === "channel" && room.joined) link.send("PART", [room.name]);
  if (room.kind === "person") {
    model.closed[fold(room.name)] = Date.now();
    keep({ closed: model.closed });
  }
  model.rooms.delete(fold(room.name));
  show(model.find(kept.rooms.at(-1) ?? SERVER) ?? model.room(SERVER));
}
