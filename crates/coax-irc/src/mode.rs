//! Modes: what `+o-v ada bob` asks for.
//!
//! A table says which letters there are and which of them take an argument. Reading never fails: a
//! letter nobody knows, an argument that is missing and a wish to see a list are items like a change,
//! in the order sent.
//!
//! Nothing here knows who may change what, or what a mode does.

use std::fmt;

/// The modes of channels, or of users. RPL_ISUPPORT `CHANMODES` and `PREFIX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeTable<'t> {
    /// Lists, asked for without an argument: type A.
    pub lists: &'t str,
    /// Always with an argument: type B.
    pub always: &'t str,
    /// With an argument when set: type C.
    pub when_set: &'t str,
    /// Never with one: type D.
    pub flags: &'t str,
    /// Ranks of members with their prefixes, the highest first.
    pub ranks: &'t [Rank],
}

/// A rank of a member of a channel. Modern IRC, "Channel Membership Prefixes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rank {
    /// The letter in MODE.
    pub letter: u8,
    /// The sign before the nick.
    pub prefix: u8,
}

impl Rank {
    /// `+q`, `~`.
    pub const FOUNDER: Rank = Rank { letter: b'q', prefix: b'~' };
    /// `+a`, `&`.
    pub const PROTECTED: Rank = Rank { letter: b'a', prefix: b'&' };
    /// `+o`, `@`.
    pub const OPERATOR: Rank = Rank { letter: b'o', prefix: b'@' };
    /// `+h`, `%`.
    pub const HALFOP: Rank = Rank { letter: b'h', prefix: b'%' };
    /// `+v`, `+`.
    pub const VOICE: Rank = Rank { letter: b'v', prefix: b'+' };

    /// All five, the highest first.
    pub const ALL: &'static [Rank] =
        &[Rank::FOUNDER, Rank::PROTECTED, Rank::OPERATOR, Rank::HALFOP, Rank::VOICE];
}

/// What a letter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeKind {
    /// Type A: a member of a list, or nothing to see the list.
    List,
    /// Type B: always an argument.
    Always,
    /// Type C: an argument when it is set.
    WhenSet,
    /// Type D: no argument.
    Flag,
    /// A rank: the nick of a member.
    Rank,
}

impl<'t> ModeTable<'t> {
    /// A table of flags alone, as users have.
    pub const fn of_flags(flags: &'t str) -> ModeTable<'t> {
        ModeTable { lists: "", always: "", when_set: "", flags, ranks: &[] }
    }

    /// What a letter takes; nothing if it is not in the table.
    pub fn kind(&self, letter: u8) -> Option<ModeKind> {
        let among = |letters: &str| letters.as_bytes().contains(&letter);
        match () {
            () if self.ranks.iter().any(|rank| rank.letter == letter) => Some(ModeKind::Rank),
            () if among(self.lists) => Some(ModeKind::List),
            () if among(self.always) => Some(ModeKind::Always),
            () if among(self.when_set) => Some(ModeKind::WhenSet),
            () if among(self.flags) => Some(ModeKind::Flag),
            () => None,
        }
    }

    /// The value of `CHANMODES`: `beI,k,l,imnst`.
    pub fn chanmodes(&self) -> String {
        format!("{},{},{},{}", self.lists, self.always, self.when_set, self.flags)
    }

    /// The value of `PREFIX`: `(qaohv)~&@%+`.
    pub fn prefix(&self) -> String {
        let letters: String = self.ranks.iter().map(|rank| char::from(rank.letter)).collect();
        let prefixes: String = self.ranks.iter().map(|rank| char::from(rank.prefix)).collect();
        format!("({letters}){prefixes}")
    }

    /// Every letter, sorted, as RPL_MYINFO has them.
    pub fn letters(&self) -> String {
        let ranks = self.ranks.iter().map(|rank| char::from(rank.letter));
        let others = [self.lists, self.always, self.when_set, self.flags];
        let mut letters: Vec<char> = others.iter().flat_map(|it| it.chars()).chain(ranks).collect();
        letters.sort_unstable();
        letters.into_iter().collect()
    }

    /// Reads the parameters of MODE behind the target, one item a letter.
    pub fn read<'a, 's>(
        &'s self,
        letters: &'a [u8],
        arguments: impl IntoIterator<Item = &'a [u8]> + 's,
    ) -> impl Iterator<Item = ModeItem<'a>> + 's
    where
        'a: 's,
    {
        let (mut rest, mut sign) = (letters, Sign::Plus);
        let mut arguments = arguments.into_iter();
        std::iter::from_fn(move || {
            while let [first @ (b'+' | b'-'), behind @ ..] = rest {
                sign = if *first == b'+' { Sign::Plus } else { Sign::Minus };
                rest = behind;
            }
            let letter = *rest.first()?;
            let length = if letter.is_ascii() { 1 } else { not_ascii(rest) };
            let (shown, behind) = rest.split_at(length);
            rest = behind;
            Some(match self.kind(letter) {
                None => ModeItem::Unknown { letter: shown },
                Some(kind) => item(kind, sign, letter, &mut arguments),
            })
        })
    }
}

/// How many bytes a letter takes that no table has: a whole character is told as unknown.
fn not_ascii(rest: &[u8]) -> usize {
    1 + rest[1..].iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count()
}

fn item<'a>(
    kind: ModeKind,
    sign: Sign,
    letter: u8,
    arguments: &mut impl Iterator<Item = &'a [u8]>,
) -> ModeItem<'a> {
    let change = |argument| ModeItem::Change(ModeChange { sign, letter, argument });
    match (kind, sign) {
        (ModeKind::Flag, _) | (ModeKind::WhenSet, Sign::Minus) => change(None),
        _ => match (arguments.next().filter(|it| !it.is_empty()), kind, sign) {
            (Some(argument), ..) => change(Some(argument)),
            (None, ModeKind::List, _) => ModeItem::ListQuery { letter },
            // People forget the key when they take it off, and there is only one.
            (None, ModeKind::Always, Sign::Minus) => change(None),
            (None, ..) => ModeItem::MissingArgument { sign, letter },
        },
    }
}

/// Set or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

impl Sign {
    /// `+` or `-`.
    pub const fn byte(self) -> u8 {
        match self {
            Sign::Plus => b'+',
            Sign::Minus => b'-',
        }
    }
}

/// What one letter of MODE asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeItem<'a> {
    /// A change.
    Change(ModeChange<'a>),
    /// To see a list.
    ListQuery {
        /// Which list.
        letter: u8,
    },
    /// Nothing: its argument is missing. 696 `ERR_INVALIDMODEPARAM`, or nothing at all.
    MissingArgument {
        /// What it would have been.
        sign: Sign,
        /// Which mode.
        letter: u8,
    },
    /// Nothing anyone knows. 472 `ERR_UNKNOWNMODE`, 501 `ERR_UMODEUNKNOWNFLAG`.
    Unknown {
        /// The letter, a whole character.
        letter: &'a [u8],
    },
}

/// One change of one mode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ModeChange<'a> {
    /// Set or taken away.
    pub sign: Sign,
    /// Which mode.
    pub letter: u8,
    /// For whom, or to what.
    pub argument: Option<&'a [u8]>,
}

impl fmt::Debug for ModeChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.sign.byte()), char::from(self.letter))?;
        match self.argument {
            Some(argument) => write!(f, " {}", argument.escape_ascii()),
            None => Ok(()),
        }
    }
}

/// Writes changes as MODE says them, `+ov-b a b c`, in as few lines as hold at most `most` arguments
/// and `room` bytes each. The words of a line are for [`ParamLine::words`](crate::ParamLine::words).
pub fn render_modes<'a>(
    changes: impl IntoIterator<Item = ModeChange<'a>>,
    most: usize,
    room: usize,
) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line = ModeWords::default();
    for change in changes {
        let full = line.arguments >= most && change.argument.is_some();
        if !line.letters.is_empty() && (full || line.length_with(&change) > room) {
            lines.push(std::mem::take(&mut line).words());
        }
        line.push(&change);
    }
    if !line.letters.is_empty() {
        lines.push(line.words());
    }
    lines
}

#[derive(Default)]
struct ModeWords {
    letters: Vec<u8>,
    sign: Option<Sign>,
    /// Each with its space.
    words: Vec<u8>,
    arguments: usize,
}

impl ModeWords {
    fn length_with(&self, change: &ModeChange<'_>) -> usize {
        // Its letter, a sign at most, its argument with a space.
        self.letters.len() + self.words.len() + 2 + change.argument.map_or(0, |it| it.len() + 1)
    }

    fn push(&mut self, change: &ModeChange<'_>) {
        if self.sign != Some(change.sign) {
            self.letters.push(change.sign.byte());
            self.sign = Some(change.sign);
        }
        self.letters.push(change.letter);
        if let Some(argument) = change.argument {
            self.words.push(b' ');
            self.words.extend_from_slice(argument);
            self.arguments += 1;
        }
    }

    fn words(self) -> Vec<u8> {
        [self.letters, self.words].concat()
    }
}

/// A set of mode letters, in eight bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ModeLetters(u64);

impl ModeLetters {
    /// None of them.
    pub const NONE: ModeLetters = ModeLetters(0);

    /// The letters of a text; what is no ASCII letter is left out.
    pub const fn of(letters: &str) -> ModeLetters {
        let (letters, mut set, mut at) = (letters.as_bytes(), ModeLetters(0), 0);
        while at < letters.len() {
            set = set.with(letters[at]);
            at += 1;
        }
        set
    }

    /// Whether a letter is in it.
    pub const fn has(self, letter: u8) -> bool {
        self.0 & bit(letter) != 0
    }

    /// This set with a letter.
    #[must_use]
    pub const fn with(self, letter: u8) -> ModeLetters {
        ModeLetters(self.0 | bit(letter))
    }

    /// This set without a letter.
    #[must_use]
    pub const fn without(self, letter: u8) -> ModeLetters {
        ModeLetters(self.0 & !bit(letter))
    }

    /// This set after a change.
    #[must_use]
    pub const fn changed(self, sign: Sign, letter: u8) -> ModeLetters {
        match sign {
            Sign::Plus => self.with(letter),
            Sign::Minus => self.without(letter),
        }
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters, capitals first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (b'A'..=b'z').filter(move |letter| self.has(*letter))
    }
}

const fn bit(letter: u8) -> u64 {
    if letter.is_ascii_alphabetic() { 1 << (letter - b'A') } else { 0 }
}

impl fmt::Display for ModeLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|letter| write!(f, "{}", char::from(letter)))
    }
}

impl fmt::Debug for ModeLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::{ModeChange, ModeItem, ModeLetters, ModeTable, Rank, Sign, render_modes};

    const TABLE: ModeTable<'_> =
        ModeTable { lists: "beI", always: "k", when_set: "l", flags: "imnst", ranks: Rank::ALL };

    fn read(words: &str) -> Vec<String> {
        let mut words = words.split(' ').map(str::as_bytes);
        let letters = words.next().unwrap();
        let shown = |item: ModeItem<'_>| match item {
            ModeItem::Change(change) => format!("{change:?}"),
            ModeItem::ListQuery { letter } => format!("list {}", char::from(letter)),
            ModeItem::MissingArgument { letter, .. } => format!("missing {}", char::from(letter)),
            ModeItem::Unknown { letter } => format!("unknown {}", letter.escape_ascii()),
        };
        TABLE.read(letters, words).map(shown).collect()
    }

    #[test]
    fn each_letter_takes_what_its_kind_takes() {
        assert_eq!(read("+ov-b a b c"), ["+o a", "+v b", "-b c"]);
        assert_eq!(read("k-l+l-k x 5 y"), ["+k x", "-l", "+l 5", "-k y"]);
        assert_eq!(read("-k+i"), ["-k", "+i"]);
        assert_eq!(read("+b"), ["list b"]);
        assert_eq!(read("be-I"), ["list b", "list e", "list I"]);
    }

    #[test]
    fn what_is_wrong_is_told_in_its_place() {
        assert_eq!(read("+oil"), ["missing o", "+i", "missing l"]);
        assert_eq!(read("+iXm"), ["+i", "unknown X", "+m"]);
        assert_eq!(read("+é+i"), ["unknown \\xc3\\xa9", "+i"]);
        assert_eq!(read("+-"), [""; 0]);
    }

    #[test]
    fn changes_of_one_sign_share_it() {
        let changes = |words: &'static str| {
            let mut words = words.split(' ').map(str::as_bytes);
            let letters = words.next().unwrap();
            let items = TABLE.read(letters, words).collect::<Vec<_>>();
            items.into_iter().filter_map(|item| match item {
                ModeItem::Change(change) => Some(change),
                _ => None,
            })
        };
        let lines = render_modes(changes("+o+v-b+in a b c"), 9, 400);
        assert_eq!(lines, [b"+ov-b+in a b c"]);
        let lines = render_modes(changes("+ovvi-v a b c d"), 2, 400);
        assert_eq!(lines, [&b"+ov a b"[..], b"+vi-v c d"]);
        let lines = render_modes(changes("+ov aaaa bbbb"), 9, 8);
        assert_eq!(lines, [&b"+o aaaa"[..], b"+v bbbb"]);
    }

    #[test]
    fn the_table_says_itself_in_isupport() {
        assert_eq!(TABLE.chanmodes(), "beI,k,l,imnst");
        assert_eq!(TABLE.prefix(), "(qaohv)~&@%+");
        assert_eq!(TABLE.letters(), "Iabehiklmnoqstv");
    }

    #[test]
    fn letters_are_a_set() {
        let set = ModeLetters::of("nt").changed(Sign::Plus, b'C').changed(Sign::Minus, b'n');
        assert_eq!(set.to_string(), "Ct");
        assert!(!set.with(b'@').has(b'@'));
        let change = ModeChange { sign: Sign::Minus, letter: b'o', argument: Some(b"ada") };
        assert_eq!(format!("{change:?}"), "-o ada");
    }
}
