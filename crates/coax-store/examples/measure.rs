//! Measures a store: how much it takes in, how long a commit takes, how fast it answers.
//!
//! `cargo run --release -p coax-store --example measure [FOLDER] [SECONDS] [MESSAGES]` writes for so
//! many seconds (30) as fast as it can, then so many messages (a million) into one channel, and asks. What
//! FOLDER is on decides what a commit costs: a folder in memory shows everything but the disk.
//!
//! The texts are made up: words as frequent as in a language, ten or so in a message.

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
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("coax-measure"), PathBuf::from);
    let seconds = arguments.next().map_or(30, |text| text.parse().unwrap());
    let messages = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let _ = std::fs::remove_dir_all(&folder);
    start_up(&folder);
    let store = Store::open(&folder, &Options::default()).unwrap();
    let mut texts = Texts { state: 0x9e37_79b9_7f4a_7c15, count: 0 };
    light(&store, &mut texts);
    sustained(&store, &mut texts, Duration::from_secs(seconds));
    fill(&store, &mut texts, messages);
    println!(
        "in all              {} messages, {:?}",
        texts.count,
        store.reader().figures().unwrap()
    );
    scroll(&store);
    for (words, what) in SEARCHES {
        search(&store, what, |search| search.words = words.to_owned());
    }
    search(&store, "common, one channel of 200", |search| {
        search.words = "w1".to_owned();
        search.within = vec![Target::channel("#c7")];
    });
    search(&store, "common, rare speaker", |search| {
        search.words = "w1".to_owned();
        search.nick = Some("nick999".to_owned());
    });
    search(&store, "common, first tenth of the time", |search| {
        search.words = "w1 w2".to_owned();
        search.before = Some(START + texts.count as i64 / 200);
    });
    forget(&store, &mut texts);
    let begun = Instant::now();
    store.close().unwrap();
    println!("close               {:?}", begun.elapsed());
    let begun = Instant::now();
    let store = Store::open(&folder, &Options::default()).unwrap();
    println!("open with all that  {:?}", begun.elapsed());
    let begun = Instant::now();
    store.reader().check().unwrap();
    println!("check of it         {:?}", begun.elapsed());
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}

const SEARCHES: [(&str, &str); 7] = [
    ("w1", "the most common word"),
    ("w1 w2", "two common words"),
    ("w1 w2 w3 w4", "four common words"),
    ("w45000", "a rare word"),
    ("w1 w45000", "a common and a rare word"),
    ("w4500*", "a rare prefix"),
    ("w45*", "a frequent prefix"),
];

fn start_up(folder: &Path) {
    let begun = Instant::now();
    let store = Store::open(folder, &Options::default()).unwrap();
    println!("start, empty folder {:?}", begun.elapsed());
    store.close().unwrap();
    let begun = Instant::now();
    let store = Store::open(folder, &Options::default()).unwrap();
    println!("start, empty store  {:?}", begun.elapsed());
    store.close().unwrap();
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
    report("commit, light load", times);
}

/// As fast as it goes: the queue is always full.
fn sustained(store: &Store, texts: &mut Texts, time: Duration) {
    let (begun, before, worked) = (Instant::now(), texts.count, writer_time());
    let (tell, told) = channel();
    while begun.elapsed() < time {
        let (entry, sent, tell) = (texts.entry(), Instant::now(), tell.clone());
        let receipt = move |kept: Result<_, _>| tell.send(kept.map(|_| sent.elapsed())).unwrap();
        while let Err(error) = store.send(entry.clone(), receipt.clone()) {
            assert_eq!(error.kind(), StoreErrorKind::Busy);
            sleep(Duration::from_micros(500));
        }
    }
    drop(tell);
    let times: Vec<_> = told.iter().map(Result::unwrap).collect();
    let rate = (texts.count - before) as f64 / begun.elapsed().as_secs_f64();
    println!("sustained           {rate:.0} messages/s for {:?}", begun.elapsed());
    report("receipt, full queue", times);
    let share = (writer_time() - worked).div_f64((texts.count - before) as f64);
    println!("writer's CPU        {share:?} a message, {:.0}/s", 1.0 / share.as_secs_f64());
}

/// What the writer's thread has worked so far, in ticks of 10 ms.
fn writer_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let texts = threads.map(|it| std::fs::read_to_string(it.unwrap().path().join("stat")).unwrap());
    let writer = texts.into_iter().find(|text| text.contains("(coax-store)")).unwrap();
    let ticks = writer.split_whitespace().skip(13).take(2).map(|it| it.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn fill(store: &Store, texts: &mut Texts, messages: u64) {
    let begun = Instant::now();
    let (tell, told) = channel();
    for _ in 0..messages {
        let entry = Entry { target: Target::channel("#big"), ..texts.entry() };
        let tell = tell.clone();
        let receipt = move |kept: Result<_, _>| tell.send(kept.unwrap()).unwrap();
        while store.send(entry.clone(), receipt.clone()).is_err() {
            sleep(Duration::from_micros(500));
        }
    }
    drop(tell);
    assert_eq!(told.iter().count() as u64, messages);
    println!("{messages} more in   {:?}", begun.elapsed());
    sleep(Duration::from_secs(2));
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
    report("scroll back by 100", times);
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
    let share = (writer_time() - worked).div_f64(gone as f64);
    println!(
        "forgot {gone} in {:?}, {share:?} each; {:?}",
        begun.elapsed(),
        store.reader().figures().unwrap()
    );
    report("commit meanwhile", times);
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
    report(&format!("search: {what} ({hits})"), times);
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{what:<40} p50 {:>9.1?}  p99 {:>9.1?}  max {:>9.1?}", at(50), at(99), at(100));
}

/// The same messages each time.
struct Texts {
    state: u64,
    count: u64,
}

impl Texts {
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// As in a language: the tenth word is a tenth as frequent as the first.
    fn word(&mut self) -> u64 {
        let share = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        (50_000_f64.powf(share)) as u64
    }

    fn entry(&mut self) -> Entry {
        self.count += 1;
        let length = 4 + self.random() % 16;
        let words: Vec<_> = (0..length).map(|_| format!("w{}", self.word())).collect();
        let speaker = self.random() % 1000;
        Entry {
            target: Target::channel(format!("#c{}", self.random() % 200)),
            time: START + self.count as i64 / 20,
            // In the order of time, as the server makes them.
            msgid: format!("{:012x}{:010x}", self.count, 0x636f_6178),
            kind: Kind::Message,
            sender: format!("nick{speaker}!user@host.example.net"),
            account: Some(format!("account{speaker}")),
            text: words.join(" "),
            tags: Vec::new(),
        }
    }
}
