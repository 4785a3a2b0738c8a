//! `OPER <name> <password>`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::welcome::same;
use crate::hub::{Answer, Question, Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let operators = &turn.hub.settings.operators;
    let Some(operator) = operators.iter().find(|operator| operator.name == words[0]) else {
        return turn.reply(n::ERR_PASSWDMISMATCH, &["Password incorrect"]);
    };
    let (hash, password) = (operator.password.clone(), words[1].to_owned());
    if hash.starts_with('$') {
        let password = password.into_bytes().into();
        let question = Question::Verify { password, hash: Some(hash.into()) };
        return turn.ask(question, |turn, answer| {
            decide(turn, matches!(answer, Answer::Verified(true)));
        });
    }
    decide(turn, same(&hash, &password));
}

fn decide(turn: &mut Turn<'_>, right: bool) {
    if !right {
        return turn.reply(n::ERR_PASSWDMISMATCH, &["Password incorrect"]);
    }
    let before = turn.me().modes;
    turn.me_mut().modes.set(UserModes::OPERATOR, true);
    turn.reply(n::RPL_YOUREOPER, &["You are now an IRC operator"]);
    super::mode::tell(turn, before);
}
