// What outlives the page: the name, and the rooms. Never a password, never what was said.
//
// For a reload of this window alone, what was derived from the password (scram.js): it opens this server
// and no other place where the password is used. It goes when one leaves, and with the window.
//
// This window's own first, so that a reload comes back to where it was; a new window begins with what
// the last one kept. Where the browser keeps nothing, nothing is kept and nothing breaks.

const KEY = "coax";

function read(place) {
  try {
    return JSON.parse(window[place].getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

function write(place, what) {
  try {
    window[place].setItem(KEY, JSON.stringify(what));
  } catch {
    // A private window, a full disk: the page works without.
  }
}

const own = read("sessionStorage");
/** {nick, rooms, inside, key}: `inside` is true in a window that was in the chat when it was reloaded. */
export const kept = { nick: "", rooms: [], closed: {}, inside: false, key: null, ...(own ?? { ...read("localStorage"), inside: false, key: null }) };

export function keep(more) {
  Object.assign(kept, more);
  write("sessionStorage", kept);
  write("localStorage", { nick: kept.nick, rooms: kept.rooms, closed: kept.closed });
}
