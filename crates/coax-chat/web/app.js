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
import { View, title } from "./view.js";

/** Lines of history asked for at once. */
const PAGE = 100;
const WAITING = { opening: "Connecting…", waiting: "The line broke. Trying again…" };
const LEFT = "You left.";
/** How far the clocks of this machine and the server may differ, in milliseconds. */
const SKEW = 300_000;

const at = (id) => document.getElementById(id);
const model = new Model();
const view = new View(model);
const link = new Link({ message: hear, state: changed, failure: refused });
const chat = { model, view, link, show, say, join, leave, older, wanted: null, searching: null };
chat.commands = new Commands(chat);
compose(chat);
dialogs(chat);

// ---- coming in -----------------------------------------------------------------------------------

at("nick").value = kept.nick;
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
  link.start({ nick, account: nick, password: at("password").value, register: at("register").checked, word: at("word").value });
});

// A reload is no reason to ask again, unless there is a password to type.
if (kept.inside && kept.nick) at("welcome").requestSubmit();

function welcome(why) {
  keep({ inside: false });
  at("chat").hidden = true;
  at("door").hidden = false;
  at("enter").disabled = false;
  at("welcome-error").hidden = !why;
  at("welcome-error").textContent = why;
  at("welcome-error").classList.toggle("error", why !== LEFT);
}

function refused(why, command) {
  welcome(why);
  if (command !== "464") return;
  at("word-label").hidden = false;
  at("word").focus();
}

function changed(state) {
  view.status(WAITING[state] ?? "");
  if (state === "opening" && !view.shown) at("welcome-error").hidden = true;
  if (state === "waiting") {
    model.cut();
    if (view.shown) view.update([view.shown]);
    else welcome("The server does not answer. Trying again…");
  }
  if (state === "closed" && !at("chat").hidden) welcome(LEFT);
  if (state === "ready") arrived();
}

function arrived() {
  const { nick, password, word } = link.identity;
  keep({ inside: !password && !word });
  view.history = link.caps.has("draft/chathistory");
  at("password").value = at("word").value = "";
  at("enter").disabled = false;
  at("door").hidden = true;
  at("chat").hidden = false;
  if (fold(link.nick) !== fold(nick)) view.status(`${nick} is taken. You are ${link.nick} until it is free.`);
  const again = [...model.rooms.values()].filter((room) => room.rejoin).map((room) => room.name);
  if (!view.shown) {
    chat.wanted = fold(kept.rooms.at(-1) ?? "");
    show(model.room(SERVER));
    again.push(...kept.rooms);
  }
  for (const name of new Set(again)) link.send("JOIN", [name]);
  for (const room of model.rooms.values()) if (room.kind === "person") catchUp(room);
  if (matchMedia("(pointer: fine)").matches) at("message").focus();
}

// ---- what the server says ------------------------------------------------------------------------

function hear(message) {
  const batch = message.command === "BATCH" && message.params[0].startsWith("-") ? model.batches.get(message.params[0].slice(1)) : null;
  const touched = model.receive(message, view.shown);
  if (batch?.type === "chathistory") pageCame(batch, touched);
  if (batch?.type === "soju.im/search" && chat.searching) view.results(batch.found.reverse());
  if (message.command === "JOIN" && model.isMe(message.nick) && !message.tags.has("batch")) joined(model.find(message.params[0]));
  if (message.command === "PRIVMSG" && !message.tags.has("batch") && !model.isMe(message.nick)) ring(message);
  if (message.command === "FAIL" && message.params[0] === "CHATHISTORY") noPage(message);
  chat.news(message);
  if (message.command === "NICK" && model.isMe(message.params[0])) keep({ nick: link.identity?.nick ?? kept.nick });
  for (const room of touched) tidy(room);
  view.update(touched);
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
  if (why !== "after" && batch.count < PAGE) room.older = false;
  if (why !== "before") resend(room);
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
    const arrived = heard.find((said) => !said.taken && said.kind === line.kind && said.text === line.text && said.at >= line.at - SKEW);
    if (arrived) arrived.taken = true;
    else if (!line.sent || sure) say(room, line.kind, line.text);
    else room.pending.push({ ...line, doubtful: true });
  }
  view.update([room]);
}

function ring(message) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const room = model.find(message.params[0]) ?? model.find(message.nick);
  const line = room?.lines.at(-1);
  if (line?.mention || room?.kind === "person") new Notification(`${line.nick} · ${title(room)}`, { body: line.text, tag: room.name });
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

/** Says a line, or keeps it until it can be said. */
function say(room, kind, text) {
  const label = link.label();
  const sent = link.isReady && room.joined && link.send("PRIVMSG", [room.name, kind === "action" ? `\x01ACTION ${text}\x01` : text], { label });
  const echoed = link.caps.has("echo-message") && link.caps.has("labeled-response");
  const line = { at: Date.now(), kind, nick: model.nick, text, own: true, label, sent: sent && link.turn };
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
  else link.send("JOIN", [wanted, ...key]);
}

function leave(room) {
  keep({ rooms: kept.rooms.filter((name) => fold(name) !== fold(room.name)) });
  if (room.kind === "channel" && room.joined) link.send("PART", [room.name]);
  model.rooms.delete(fold(room.name));
  show(model.find(kept.rooms.at(-1) ?? SERVER) ?? model.room(SERVER));
}
