//! Many FIFO lists in one vector, so that their growth and shrinking allocates nothing once the vector is long enough.

use alloc::vec::Vec;

const NONE: u32 = u32::MAX;

/// One list; its items are in a [`Lists`].
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl List {
    pub(super) const fn is_empty(&self) -> bool {
        self.first == NONE
    }
}

/// The items of all lists.
#[derive(Debug, Clone)]
pub(super) struct Lists<T> {
    /// Each item with the place of the next one of its list, or of the next unused place.
    places: Vec<(T, u32)>,
    unused: u32,
}

impl<T: Copy> Lists<T> {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), unused: NONE }
    }

    /// Appends an item to a list.
    pub(super) fn push(&mut self, list: &mut List, item: T) {
        let place = if self.unused == NONE {
            assert!(self.places.len() < NONE as usize, "every place has a number");
            self.places.push((item, NONE));
            self.places.len() as u32 - 1
        } else {
            let place = self.unused;
            self.unused = self.places[place as usize].1;
            self.places[place as usize] = (item, NONE);
            place
        };
        if list.is_empty() {
            list.first = place;
        } else {
            self.places[list.last as usize].1 = place;
        }
        list.last = place;
    }

    /// Takes the first item out of a list.
    pub(super) fn pop(&mut self, list: &mut List) -> Option<T> {
        if list.is_empty() {
            return None;
        }
        let place = list.first;
        let (item, next) = self.places[place as usize];
        self.places[place as usize].1 = self.unused;
        self.unused = place;
        list.first = next;
        Some(item)
    }

    /// Places in use and unused ones: the most items there ever were at once.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.places.len()
    }
}
