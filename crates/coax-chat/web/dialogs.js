// What opens over the page, and the keys that go everywhere: drawers, search, the account.
//
// Nothing here reads what others said.

import { title } from "./view.js";

const DRAWERS = ["rooms", "members"];
const at = (id) => document.getElementById(id);

export function dialogs(chat) {
  drawers(chat);
  places(chat);
  search(chat);
  account(chat);
}

/** On a phone the two side columns lie over the page, one at a time. */
function drawers(chat) {
  const to = (name, open) => {
    at(name).classList.toggle("open", open);
    at(`${name}-toggle`).setAttribute("aria-expanded", String(open));
    at("veil").hidden = !DRAWERS.some((name) => at(name).classList.contains("open"));
  };
  chat.closeDrawers = () => DRAWERS.forEach((name) => to(name, false));
  for (const name of DRAWERS) {
    at(`${name}-toggle`).addEventListener("click", () => {
      const open = !at(name).classList.contains("open");
      chat.closeDrawers();
      to(name, open);
      if (open) at(name).querySelector("button, input")?.focus();
    });
  }
  at("veil").addEventListener("click", chat.closeDrawers);
}

function places(chat) {
  document.addEventListener("click", (event) => {
    const { room, line: id, doubt, label } = event.target.closest("button")?.dataset ?? {};
    if (room) {
      event.target.closest("dialog")?.close();
      if (id) chat.goTo(room, id);
      else chat.show(chat.model.room(room));
    }
    if (!doubt) return;
    const line = chat.view.shown.settle(label);
    if (line && doubt === "again") chat.say(chat.view.shown, line.kind, line.text);
    chat.view.update([chat.view.shown]);
  });
  at("join-form").addEventListener("submit", (event) => {
    event.preventDefault();
    chat.join(at("join-name").value.trim());
    at("join-name").value = "";
  });
  leaving(chat);
  at("newest").addEventListener("click", () => chat.newest());
  at("older").addEventListener("click", () => chat.older());
  at("scroll").addEventListener("scroll", () => {
    if (at("scroll").scrollTop < 80) chat.older();
    if (chat.view.log.atEnd()) chat.newer();
  }, { passive: true });
  document.addEventListener("keydown", (event) => key(chat, event));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !chat.view.shown) return;
    chat.view.shown.read();
    chat.view.shown.firstUnread = null;
    chat.view.rooms();
  });
}

/** Others see that somebody left, and it may not be possible to come back: that is asked first. */
function leaving(chat) {
  at("leave").addEventListener("click", () => {
    const room = chat.view.shown;
    if (room.kind !== "channel" || !room.joined) return chat.leave(room);
    at("leaving-title").textContent = `Leave ${title(room)}?`;
    at("leaving").showModal();
  });
  at("leaving").addEventListener("close", () => {
    if (at("leaving").returnValue === "leave") chat.leave(chat.view.shown);
    at("leaving").returnValue = "";
  });
}

function key(chat, event) {
  if (at("chat").hidden || document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "k") at("search-open").click();
  else if (event.altKey && event.key === "ArrowUp") step(-1);
  else if (event.altKey && event.key === "ArrowDown") step(1);
  else if (event.key === "Escape") {
    chat.closeDrawers();
    chat.view.log.toEnd();
    at("message").focus();
  } else return;
  event.preventDefault();
}

/** The room above, or below. */
function step(by) {
  const buttons = [...document.querySelectorAll("#room-list button")];
  const here = buttons.findIndex((button) => button.hasAttribute("aria-current"));
  buttons[(here + by + buttons.length) % buttons.length].click();
  at("message").focus();
}

function search(chat) {
  chat.news = (message) => {
    const [about] = message.params;
    if (message.command === "FAIL" && about === "SEARCH") at("search-note").textContent = message.params.at(-1);
    else if (["FAIL", "REGISTER"].includes(message.command) || /^90[0-8]$/.test(message.command)) at("account-note").textContent = message.params.at(-1);
  };
  chat.search = (words) => {
    at("search-open").click();
    at("search-words").value = words;
    at("search-everywhere").checked = true;
    if (words) at("search-form").requestSubmit();
  };
  at("search-open").addEventListener("click", () => {
    const can = chat.link.caps.has("soju.im/search");
    at("search-form").hidden = !can;
    at("search-note").textContent = can ? "" : "This server offers no search.";
    at("search").showModal();
    at("search-words").focus();
  });
  at("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const room = chat.view.shown;
    const everywhere = at("search-everywhere").checked || room.kind === "server";
    chat.searching = at("search-words").value;
    const where = everywhere ? "" : `in=${escaped(room.name)};`;
    if (!chat.link.caps.has("soju.im/search")) return;
    if (chat.link.send("SEARCH", [`${where}text=${escaped(chat.searching)};limit=50`])) at("search-note").textContent = "Searching…";
  });
}

/** A value of a search, escaped like one of a message tag. */
const escaped = (text) => text.replace(/\\/g, "\\\\").replace(/;/g, "\\:").replace(/ /g, "\\s");

function account(chat) {
  at("account-open").addEventListener("click", () => {
    const { link, model } = chat;
    at("account-name").value = model.account || model.nick;
    at("account-note").textContent = model.account ? `Signed in as ${model.account}.` : link.caps.has("sasl") ? "" : "This server has no accounts.";
    at("account-form").hidden = !link.caps.has("sasl");
    at("register-now").hidden = !link.caps.has("draft/account-registration");
    at("ring").hidden = !("Notification" in window) || Notification.permission !== "default";
    at("account").showModal();
  });
  at("account-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [name, password] = [at("account-name").value, at("account-password").value];
    at("account-password").value = "";
    Object.assign(chat.link.identity, { account: name, password, key: null });
    if (event.submitter?.value === "register") chat.link.send("REGISTER", [name, "*", password]);
    else chat.link.signIn();
  });
  at("ring").addEventListener("click", async () => {
    await Notification.requestPermission();
    at("ring").hidden = Notification.permission !== "default";
  });
}
