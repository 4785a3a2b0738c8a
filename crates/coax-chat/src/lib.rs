//! The chat server: everyone in one channel, whatever they speak.

pub mod gate;
