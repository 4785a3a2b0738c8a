//! Measures a store: how much it takes in, how long a commit takes, how fast it answers.
//!
//! `cargo xtask bench store` runs this with `FOLDER SECONDS MESSAGES`, and shows it as tables: for so
//! many seconds, and so many messages at least, it writes as fast as it goes, then asks. A line is a
//! name and a number, or a name and three times in milliseconds (middle, 99 of 100, longest).
//!
//! The texts are made up: words as frequent as in a language, ten or so in a message. A second store
//! gets texts in Chinese characters, without spaces. What FOLDER is on decides what a commit costs: a
//! folder in memory shows everything but the disk.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "measuring is printing")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread::sleep;
use std::time::{Duration, Instant};

use coax_store::{
    Anchor, Entry, Kind, Options, Page, Retention, Search, Slice, Store, StoreErrorKind, Target,
};

const START: i64 = 1_700_000_000_000;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, seconds, messages] = &arguments[..] else {
        panic!("FOLDER SECONDS MESSAGES, not {arguments:?}")
    };
    let folder = PathBuf::from(folder).join("coax-measure");
    let _ = std::fs::remove_dir_all(&folder);
    start_up(&folder);
    let store = Store::open(&folder, &Options::default()).unwrap();
    let mut texts = Texts::new(Script::Latin);
    light(&store, &mut texts);
    let time = Duration::from_secs(seconds.parse().unwrap());
    let messages = messages.parse().unwrap();
    sustained(&store, &mut texts, time, messages);
    scroll(&store);
    searches(&store, texts.count);
    forget(&store, &mut texts);
    let took = timed(|| store.close().unwrap());
    times("close", vec![took]);
    let mut store = None;
    let took = timed(|| store = Some(Store::open(&folder, &Options::default()).unwrap()));
    times("open with all that", vec![took]);
    let took = timed(|| store.as_ref().unwrap().reader().check().unwrap());
    times("check of all pages", vec![took]);
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
    chinese(&folder, messages);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn number(what: &str, number: f64) {
    println!("{what}\t{number}");
}

fn times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    println!("{what}\t{}\t{}\t{}", at(50), at(99), at(100));
}

const SEARCHES: [(&str, &str); 8] = [
    ("w1", "the most common word"),
    ("w1 w2", "two common words"),
    ("w1 w2 w3 w4", "four common words"),
    ("w45000", "a rare word"),
    ("w1 w45000", "a common and a rare word"),
    ("w4500*", "a rare prefix"),
    ("w450*", "a prefix of four letters"),
    ("w45*", "a prefix of three letters"),
];

fn start_up(folder: &Path) {
    for what in ["start, empty folder", "start, empty store"] {
        let mut store = None;
        let took = timed(|| store = Some(Store::open(folder, &Options::default()).unwrap()));
        times(what, vec![took]);
        store.unwrap().close().unwrap();
    }
}

/// One message after the other, with pauses: what a sender waits who waits for the disk.
fn light(store: &Store, texts: &mut Texts) {
    let mut times = Vec::new();
    for _ in 0..1000 {
        let entry = texts.entry();
        let begun = Instant::now();
        store.apply(entry).unwrap();
        times.push(begun.elapsed());
        sleep(Duration::from_millis(2));
    }
    self::times("on disk and found, light load", times);
}

/// As fast as it goes: the queue is always full.
fn sustained(store: &Store, texts: &mut Texts, time: Duration, messages: u64) {
    let (begun, before, worked) = (Instant::now(), texts.count, writer_time());
    let (tell, told) = channel();
    while begun.elapsed() < time || texts.count - before < messages {
        let (entry, sent, tell) = (texts.entry(), Instant::now(), tell.clone());
        let receipt = move |kept: Result<_, _>| tell.send(kept.map(|_| sent.elapsed())).unwrap();
        while let Err(error) = store.send(entry.clone(), receipt.clone()) {
            assert_eq!(error.kind(), StoreErrorKind::Busy);
            sleep(Duration::from_micros(500));
        }
    }
    drop(tell);
    // A receipt is given when the message is on disk and is found.
    let receipts: Vec<_> = told.iter().map(Result::unwrap).collect();
    let (took, count) = (begun.elapsed().as_secs_f64(), receipts.len() as f64);
    assert_eq!(receipts.len() as u64, texts.count - before);
    let of = texts.script.name();
    number(&format!("{of}messages kept"), count);
    number(&format!("{of}for seconds"), took);
    number(&format!("{of}messages a second"), count / took);
    let share = (writer_time() - worked).as_secs_f64() / count;
    number(&format!("{of}µs of a core, of the thread that writes"), share * 1e6);
    let figures = store.reader().figures().unwrap();
    number(&format!("{of}bytes on disk each"), figures.used as f64 / texts.count as f64);
    times(&format!("{of}on disk and found, full queue"), receipts);
}

/// What the writer's thread has worked so far, in ticks of 10 ms.
fn writer_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let texts = threads.map(|it| std::fs::read_to_string(it.unwrap().path().join("stat")).unwrap());
    let writer = texts.into_iter().find(|text| text.contains("(coax-store)")).unwrap();
    let ticks = writer.split_whitespace().skip(13).take(2).map(|it| it.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn scroll(store: &Store) {
    let mut times = Vec::new();
    let mut slice = Slice::Latest;
    for _ in 0..1000 {
        let page = Page { target: Target::channel("#big"), slice, limit: 100, events: true };
        let begun = Instant::now();
        let rows = store.reader().page(&page).unwrap();
        times.push(begun.elapsed());
        let Some(oldest) = rows.first() else { break };
        slice = Slice::Before(Anchor::Msgid(oldest.entry.msgid.clone()));
    }
    self::times("scroll back by 100", times);
}

/// A twentieth has to go, while somebody writes now and then.
fn forget(store: &Store, texts: &mut Texts) {
    let bytes = store.reader().figures().unwrap().used / 20 * 19;
    let retention = Retention { bytes: Some(bytes), ..Retention::default() };
    let (begun, worked) = (Instant::now(), writer_time());
    let mut times = Vec::new();
    let gone = std::thread::scope(|scope| {
        let pruning = scope.spawn(|| store.prune(&retention, 0).unwrap().entries);
        while !pruning.is_finished() {
            let (entry, begun) = (texts.entry(), Instant::now());
            store.apply(entry).unwrap();
            times.push(begun.elapsed());
            sleep(Duration::from_millis(2));
        }
        pruning.join().unwrap()
    });
    let share = (writer_time() - worked).as_secs_f64() / gone as f64;
    number("messages forgotten, to make room", gone as f64);
    number("for seconds, forgetting", begun.elapsed().as_secs_f64());
    number("µs of a core, each", share * 1e6);
    self::times("on disk and found, meanwhile", times);
}

fn searches(store: &Store, all: u64) {
    for (words, what) in SEARCHES {
        search(store, what, |search| search.words = words.to_owned());
    }
    search(store, "common, in one channel of 200", |search| {
        search.words = "w1".to_owned();
        search.within = vec![Target::channel("#c7")];
    });
    search(store, "common, by a rare speaker", |search| {
        search.words = "w1".to_owned();
        search.nick = Some("nick999".to_owned());
    });
    search(store, "common, in the first tenth of the time", |search| {
        search.words = "w1 w2".to_owned();
        search.before = Some(START + all as i64 / 200);
    });
}

/// A store of texts without spaces, and parts of their words.
fn chinese(folder: &Path, messages: u64) {
    let store = Store::open(folder, &Options::default()).unwrap();
    let mut texts = Texts::new(Script::Han);
    // The thread that writes has its name once it has written.
    store.apply(texts.entry()).unwrap();
    sustained(&store, &mut texts, Duration::ZERO, messages);
    for (first, length, what) in CHINESE_SEARCHES {
        let words = (first..first + length).map(han).collect::<String>();
        search(&store, &format!("Chinese, {what}"), |search| search.words = words.clone());
    }
    let words = || format!("{}{}", han(20), han(21));
    search(&store, "Chinese, a common pair in one channel of 200", |search| {
        search.words = words();
        search.within = vec![Target::channel("#c7")];
    });
    search(&store, "Chinese, a common pair by a rare speaker", |search| {
        search.words = words();
        search.nick = Some("nick999".to_owned());
    });
    store.close().unwrap();
}

/// The first character by its rank, and how many of those that follow it.
const CHINESE_SEARCHES: [(u64, u64, &str); 7] = [
    (2, 2, "the most common pair"),
    (20, 2, "a common pair"),
    (700, 2, "a rare pair"),
    (20, 4, "four in a row"),
    (1, 1, "the most common character"),
    (100, 1, "a common character"),
    (2500, 1, "a rare character"),
];

/// The character of that rank.
fn han(rank: u64) -> char {
    u32::try_from(0x4e00 + rank).ok().and_then(char::from_u32).unwrap()
}

fn search(store: &Store, what: &str, set: impl Fn(&mut Search)) {
    let mut search = Search { limit: 20, ..Search::default() };
    set(&mut search);
    let (mut times, mut hits) = (Vec::new(), 0);
    for _ in 0..50 {
        let begun = Instant::now();
        hits = store.reader().search(&search).unwrap().len();
        times.push(begun.elapsed());
    }
    self::times(&format!("search: {what} ({hits} found)"), times);
}

#[derive(Clone, Copy)]
enum Script {
    Latin,
    Han,
}

impl Script {
    /// What stands before the name of a figure.
    fn name(self) -> &'static str {
        match self {
            Script::Latin => "",
            Script::Han => "Chinese, ",
        }
    }
}

/// The same messages each time.
struct Texts {
    script: Script,
    state: u64,
    count: u64,
}

impl Texts {
    fn new(script: Script) -> Texts {
        Texts { script, state: 0x9e37_79b9_7f4a_7c15, count: 0 }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// As in a language: the tenth word is a tenth as frequent as the first.
    fn rank(&mut self, all: f64) -> u64 {
        let share = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        (all.powf(share)) as u64
    }

    fn text(&mut self) -> String {
        let length = 4 + self.random() % 16;
        match self.script {
            Script::Latin => {
                let words: Vec<_> =
                    (0..length).map(|_| format!("w{}", self.rank(50_000.0))).collect();
                words.join(" ")
            }
            Script::Han => (0..length).map(|at| self.han_word(at % 6 == 5)).collect(),
        }
    }

    /// One to three characters that follow each other; a frequent word has a small rank.
    fn han_word(&mut self, ends: bool) -> String {
        let (first, length) = (self.rank(3_000.0), 1 + self.random() % 3);
        let stop = if ends { "。" } else { "" };
        (first..first + length).map(han).chain(stop.chars()).collect()
    }

    fn entry(&mut self) -> Entry {
        self.count += 1;
        let text = self.text();
        let speaker = self.random() % 1000;
        Entry {
            // Half of all are said in one channel.
            target: match self.count % 2 {
                0 => Target::channel("#big"),
                _ => Target::channel(format!("#c{}", self.random() % 200)),
            },
            time: START + self.count as i64 / 20,
            // In the order of time, as the server makes them.
            msgid: format!("{:012x}{:010x}", self.count, 0x636f_6178),
            kind: Kind::Message,
            sender: format!("nick{speaker}!user@host.example.net"),
            account: Some(format!("account{speaker}")),
            text,
            tags: Vec::new(),
        }
    }
}
