//! Stories of two stacks, and of one stack and a peer that says what it likes.
