//! The hub among its clients: what one sends goes in, what comes out goes to the others.
//!
//! Everything happens on one thread. An input is applied and its effects are carried out before the
//! next one, so whatever a command brought about stands in every queue before its sender reads the
//! answer to the next command. What a client has not read is bounded: with more it is dropped.
//!
//! Nothing here reads or writes a socket.

mod clock;
mod outbox;
mod rota;
mod seat;

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use crate::hub::{
    Accounts, Answer, ClientId, Effect, Effects, Hub, Input, Keep, Known, Note, Origin, Question,
    Ticket, Time,
};
use crate::memory::Figures;
use crate::metrics::{Metrics, add};
use crate::settings::Settings;

use clock::Clock;
pub use outbox::{Outbox, Why};
use rota::{FEW, Rota};
pub use seat::Seat;

/// Most bytes that are handed to one write.
const ROOM: usize = 64 << 10;

/// What answers the hub's questions: in its own time, and never while it is asked.
pub trait Oracle {
    /// Begins to find out. The answer goes to [`Switchboard::answer`].
    fn ask(&self, board: Rc<Switchboard>, ticket: Ticket, question: Question);

    /// Keeps this.
    fn keep(&self, keep: Keep);
}

/// What the hub wants of whoever runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To read the settings again.
    Reload,
    /// To end.
    Stop,
}

/// The hub, and a queue for each client.
pub struct Switchboard {
    hub: RefCell<Hub>,
    effects: RefCell<Effects>,
    outboxes: RefCell<Vec<Option<Rc<Outbox>>>>,
    /// Numbers that are free, the lowest first.
    free: RefCell<BinaryHeap<Reverse<u32>>>,
    rota: Rota,
    oracle: Rc<dyn Oracle>,
    clock: RefCell<Clock>,
    /// What one read brings, for all clients in turn: an idle client has no buffer.
    inward: RefCell<Vec<u8>>,
    /// What one write takes, likewise.
    outward: RefCell<Vec<u8>>,
    wish: Cell<Option<Wish>>,
    wished: Notify,
    metrics: Metrics,
    /// Is told what the hub notes.
    ear: RefCell<Box<dyn Fn(Note)>>,
}

impl std::fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Switchboard").finish_non_exhaustive()
    }
}

impl Switchboard {
    /// A server with nobody on it, and what it knew before.
    pub fn new(settings: Settings, known: Known, oracle: Rc<dyn Oracle>) -> Rc<Switchboard> {
        let mut clock = Clock::new(wall(), passed());
        let mut hub = Hub::new(settings, Time(clock.now(wall(), passed())));
        hub.recall(known);
        Rc::new(Switchboard {
            hub: RefCell::new(hub),
            effects: RefCell::default(),
            outboxes: RefCell::default(),
            free: RefCell::default(),
            rota: Rota::default(),
            oracle,
            clock: RefCell::new(clock),
            inward: RefCell::new(vec![0; ROOM / 4]),
            outward: RefCell::new(Vec::with_capacity(ROOM)),
            wish: Cell::new(None),
            wished: Notify::new(),
            metrics: Metrics::new(),
            ear: RefCell::new(Box::new(drop)),
        })
    }

    /// Has everything told to `ear` that the hub finds worth telling. It must not wait, and must not
    /// come back here.
    pub fn tell_to(&self, ear: impl Fn(Note) + 'static) {
        *self.ear.borrow_mut() = Box::new(ear);
    }

    /// What was counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The page for those who watch the server.
    pub(crate) fn page(&self, figures: &Figures) -> String {
        self.metrics.page(&self.hub.borrow(), figures).text()
    }

    /// Tells operators something about the server.
    pub fn tell_operators(self: &Rc<Self>, text: &str) {
        self.apply(Input::Notice { text });
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.hub.borrow().settings().clone()
    }

    /// Takes somebody in. Dropping the seat tells the hub that they are gone.
    pub fn arrive(self: &Rc<Self>, origin: Origin) -> Seat {
        let limit = self.hub.borrow().settings().sendq;
        let outbox = Rc::new(Outbox::new(limit));
        let client = self.number(outbox.clone());
        self.apply(Input::Arrive { client, origin });
        Seat::new(self.clone(), client, outbox)
    }

    /// Time passed.
    pub fn tick(self: &Rc<Self>) {
        self.apply(Input::Tick);
    }

    /// Sends what many are told. Runs for ever, beside everything else.
    pub async fn send(self: Rc<Self>) {
        self.rota.run().await;
    }

    /// What was asked is known.
    pub fn answer(self: &Rc<Self>, ticket: Ticket, answer: Answer) {
        self.apply(Input::Answer { ticket, answer });
    }

    /// Other settings from now on.
    pub fn reload(self: &Rc<Self>, mut settings: Settings) {
        settings.boot = self.hub.borrow().settings().boot;
        settings.secret = self.hub.borrow().settings().secret;
        self.apply(Input::Reload(Box::new(settings)));
    }

    /// Something of an account is on disk: from now on it is so here, too.
    pub(crate) fn is_kept(self: &Rc<Self>, keep: Keep) {
        self.apply(Input::Kept(Box::new(keep)));
    }

    /// Looks at all accounts.
    pub(crate) fn accounts<T>(&self, look: impl FnOnce(&Accounts) -> T) -> T {
        look(&self.hub.borrow().accounts)
    }

    /// Tells everyone that the server ends, and closes them.
    pub fn stop(self: &Rc<Self>, why: &str) {
        self.apply(Input::Stop { why });
    }

    /// How many are connected.
    pub fn connected(&self) -> usize {
        self.hub.borrow().connected()
    }

    /// What an operator wants, when one wants something.
    pub async fn wish(&self) -> Wish {
        loop {
            if let Some(wish) = self.wish.take() {
                return wish;
            }
            self.wished.notified().await;
        }
    }

    fn number(&self, outbox: Rc<Outbox>) -> ClientId {
        let mut outboxes = self.outboxes.borrow_mut();
        let number = match self.free.borrow_mut().pop() {
            Some(Reverse(number)) => number,
            None => u32::try_from(outboxes.len()).unwrap_or(u32::MAX),
        };
        match outboxes.get_mut(number as usize) {
            Some(place) => *place = Some(outbox),
            None => outboxes.push(Some(outbox)),
        }
        ClientId(number)
    }

    fn leave(self: &Rc<Self>, client: ClientId, why: &str) {
        self.apply(Input::Gone { client, why });
        if let Some(place) = self.outboxes.borrow_mut().get_mut(client.0 as usize) {
            *place = None;
            self.free.borrow_mut().push(Reverse(client.0));
        }
    }

    fn apply(self: &Rc<Self>, input: Input<'_>) {
        let begun = Instant::now();
        if matches!(input, Input::Line { .. }) {
            add(&self.metrics.heard, 1);
        }
        let mut said = 0;
        let mut effects = self.effects.borrow_mut();
        self.hub.borrow_mut().apply(self.now(), input, &mut effects);
        let many = effects.as_slice().len() > FEW;
        let outboxes = self.outboxes.borrow();
        let outbox = |client: ClientId| outboxes.get(client.0 as usize)?.as_ref();
        for effect in effects.drain() {
            match effect {
                Effect::Send { to, line } => {
                    let Some(outbox) = outbox(to) else { continue };
                    outbox.push(&line);
                    said += 1;
                    self.have_sent(outbox, many);
                }
                Effect::SendAll { to, head, tails } => {
                    let Some(outbox) = outbox(to) else { continue };
                    outbox.push_all(&head, &tails);
                    said += tails.len() as u64;
                    self.have_sent(outbox, many);
                }
                Effect::Close { client } => outbox(client).into_iter().for_each(|it| it.close()),
                Effect::Hold { client } => outbox(client).into_iter().for_each(|it| it.hold(true)),
                Effect::Release { client } => {
                    outbox(client).into_iter().for_each(|it| it.hold(false));
                }
                Effect::Ask { ticket, question } => self.oracle.ask(self.clone(), ticket, question),
                Effect::Keep(keep) => self.oracle.keep(*keep),
                Effect::Reload => self.want(Wish::Reload),
                Effect::Stop => self.want(Wish::Stop),
                Effect::Note(note) => {
                    self.metrics.noted(&note);
                    (self.ear.borrow())(*note);
                }
            }
        }
        add(&self.metrics.said, said);
        self.metrics.stepped(begun.elapsed());
    }

    /// Whoever speaks writes its own answers as soon as it is done.
    fn have_sent(&self, outbox: &Rc<Outbox>, many: bool) {
        match (outbox.is_answering(), many) {
            (true, _) => {}
            (false, true) => self.rota.enlist(outbox),
            (false, false) => outbox.wake(),
        }
    }

    fn want(&self, wish: Wish) {
        self.wish.set(Some(wish));
        self.wished.notify_one();
    }

    /// The chat's time, which never goes back.
    pub(crate) fn now(&self) -> Time {
        Time(self.clock.borrow_mut().now(wall(), passed()))
    }

    /// By how many milliseconds this machine's clock jumped ahead, or back, if it is not believed.
    pub(crate) fn clock_jumped(&self) -> Option<i64> {
        self.clock.borrow().jumped()
    }

    /// This machine's clock is right, whatever it says.
    pub(crate) fn believe_clock(&self) {
        self.clock.borrow_mut().believe(wall());
    }

    /// The time by which things are forgotten.
    pub(crate) fn certain(&self) -> Time {
        self.hub.borrow().certain(self.now())
    }

    /// By how many milliseconds this machine's clock is ahead of what was known before, where that is
    /// too much to be believed at once.
    pub(crate) fn doubt(&self) -> Option<u64> {
        self.hub.borrow().doubted(self.now())
    }
}

/// What this machine's clock says, in microseconds since 1970.
fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// How long this machine is up, sleep included, in microseconds. Nobody can set that.
fn passed() -> u64 {
    let since = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(since.tv_sec), u64::try_from(since.tv_nsec));
    seconds.unwrap_or_default() * 1_000_000 + nanos.unwrap_or_default() / 1000
}

impl Switchboard {
    /// The buffer that every read of every client uses, for as long as its lines are cut.
    pub(crate) fn inward(&self) -> &RefCell<Vec<u8>> {
        &self.inward
    }

    /// The buffer that every write uses.
    pub(crate) fn outward(&self) -> &RefCell<Vec<u8>> {
        &self.outward
    }

    /// Gives a client its turn to write more.
    pub(crate) fn enlist(&self, outbox: &Rc<Outbox>) {
        self.rota.enlist(outbox);
    }

    /// Whether a client may say this line now. If not, it stands in the queue.
    fn admits(&self, client: ClientId, outbox: &Rc<Outbox>, line: &[u8]) -> bool {
        if outbox.take_turn() || !self.rota.is_busy() {
            return true;
        }
        let few = self.hub.borrow().reach(client, line) <= FEW;
        if !few {
            self.rota.queue(outbox);
        }
        few
    }

    /// Commands at once, and each second after that; 0 at once is no limit.
    pub(crate) fn flood(&self) -> (u32, u32) {
        let hub = self.hub.borrow();
        (hub.settings().flood_burst, hub.settings().flood_per_second)
    }
}
