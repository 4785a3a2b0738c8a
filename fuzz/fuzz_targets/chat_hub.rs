//! Whatever clients send, the hub stays whole and says only whole lines to those who are there.
//!
//! The first byte of each line says who sends it; `\xff` before it is a connection that comes or goes. A
//! line of somebody who has to wait is the answer to the question that waits longest.
#![no_main]

use std::collections::VecDeque;

use coax_chat::Settings;
use coax_chat::hub::{Answer, ClientId, Effect, Effects, Hub, Input, Origin, Question, Time};
use libfuzzer_sys::fuzz_target;

const CLIENTS: u8 = 4;

fuzz_target!(|bytes: &[u8]| {
    let mut now = 1_700_000_000_000;
    let mut hub = Hub::new(Settings::default(), Time(now));
    let mut effects = Effects::default();
    let mut there = [false; CLIENTS as usize];
    let mut held = [false; CLIENTS as usize];
    let mut asked = VecDeque::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        now += 500;
        let (come_or_go, line) = match line {
            [0xff, rest @ ..] => (true, rest),
            line => (false, line),
        };
        let Some((first, line)) = line.split_first() else { continue };
        let who = usize::from(first % CLIENTS);
        let client = ClientId(who as u32);
        let input = match (there[who], come_or_go) {
            (false, _) => {
                (there[who], held[who]) = (true, false);
                Input::Arrive { client, origin: Origin { host: "h".into(), ..Origin::default() } }
            }
            (true, true) => {
                there[who] = false;
                Input::Gone { client, why: "gone" }
            }
            (true, false) if held[who] => match asked.pop_front() {
                Some((ticket, question)) => {
                    Input::Answer { ticket, answer: answer(&question, line.len() % 2 == 0) }
                }
                None => Input::Tick,
            },
            (true, false) => Input::Line { client, line },
        };
        hub.apply(Time(now), input, &mut effects);
        for effect in effects.drain() {
            match effect {
                Effect::Send { to, line } => {
                    assert!(there[to.0 as usize] && line.ends_with(b"\r\n"));
                    assert!(!line[..line.len() - 2].contains(&b'\n'));
                }
                Effect::Close { client } => there[client.0 as usize] = false,
                Effect::Hold { client } => held[client.0 as usize] = true,
                Effect::Ask { ticket, question } => asked.push_back((ticket, question)),
                Effect::Release { client } => held[client.0 as usize] = false,
                _ => {}
            }
        }
        hub.check();
    }
});

fn answer(question: &Question, good: bool) -> Answer {
    match question {
        _ if !good => Answer::Failed,
        Question::Verify { hash, .. } => Answer::Verified(hash.is_some()),
        Question::Hash { .. } => {
            let phc = Some("$argon2id$not-a-hash".to_owned());
            Answer::Hashed(Box::new(coax_store::Password { phc, scram: None }))
        }
        Question::Draw => Answer::Drawn([7; 18]),
        Question::Page(_) => Answer::Page(Vec::new()),
        Question::Message { .. } => Answer::Message(None),
        Question::Conversations(_) => Answer::Conversations(Vec::new()),
        _ => Answer::Stored,
    }
}
