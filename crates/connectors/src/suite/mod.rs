//! The acceptance suite: what every connector must do, whatever it speaks to.
