//! Waiting until places answer, or until they are gone.
//!
//! A [`Goal`] is one thing to wait for, a [`Wait`] says how and how long, and of every goal there
//! is a [`Standing`] at any moment: how often it was looked at, and why it is not there yet.
//!
//! Nothing here prints, starts a program, or waits without a deadline.

mod check;
mod expected;
mod goal;
mod pause;
mod protocol;
mod question;
mod statuses;
mod wait;

pub use check::{Evidence, Head, final_status};
pub use expected::{Expected, Field, FieldError};
pub use goal::{Goal, GoalError};
pub use statuses::{Statuses, StatusesError};
pub use wait::{End, Need, News, Standing, Until, Wait};
