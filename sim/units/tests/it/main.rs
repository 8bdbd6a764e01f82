//! What a user may write as a quantity.

mod text;
