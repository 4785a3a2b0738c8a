//! `OPER <name> <password>`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::welcome::same;
use crate::hub::{Answer, Means, Note, Question, Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let name = super::clipped(words[0], 64).to_owned();
    if let Err(wait) = turn.may_try(Means::Oper, &name) {
        let text = format!("Too many wrong passwords: try again in {wait} s");
        return turn.reply(n::ERR_PASSWDMISMATCH, &[&text]);
    }
    let operators = &turn.hub.settings.operators;
    let Some(operator) = operators.iter().find(|operator| operator.name == words[0]) else {
        return decide(turn, &name, false);
    };
    let (hash, password) = (operator.password.clone(), words[1].to_owned());
    if hash.starts_with('$') {
        let password = password.into_bytes().into();
        let question = Question::Verify { password, hash: Some(hash.into()) };
        return turn.ask(question, move |turn, answer| match answer {
            Answer::Verified(right) => decide(turn, &name, right),
            _ => {
                turn.not_tried(Means::Oper, &name);
                let why = "The password could not be checked just now: try again";
                turn.reply(n::ERR_PASSWDMISMATCH, &[why]);
            }
        });
    }
    decide(turn, &name, same(&hash, &password));
}

fn decide(turn: &mut Turn<'_>, name: &str, right: bool) {
    if !right {
        turn.tried_wrongly(Means::Oper, name);
        return turn.reply(n::ERR_PASSWDMISMATCH, &["Password incorrect"]);
    }
    turn.tried_rightly(Means::Oper, name);
    turn.note(Note::Operator { who: turn.person(), name: name.to_owned() });
    let before = turn.me().modes;
    turn.me_mut().modes.set(UserModes::OPERATOR, true);
    turn.reply(n::RPL_YOUREOPER, &["You are now an IRC operator"]);
    super::mode::tell(turn, before);
}
