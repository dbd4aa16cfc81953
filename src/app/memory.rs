//! Records that live in memory only: what was said last to a person. Bounded, and gone with the process.

use std::collections::{BTreeMap, VecDeque};

use crate::port::record::{Key, Record};

/// The volatile records.
#[derive(Debug)]
pub struct Memory {
    records: BTreeMap<Key, Record>,
    order: VecDeque<Key>,
    most: usize,
}

impl Memory {
    /// Room for so many.
    pub fn new(most: usize) -> Self {
        Self { records: BTreeMap::new(), order: VecDeque::new(), most }
    }

    /// The record under this key.
    pub fn get(&self, key: &Key) -> Option<Record> {
        self.records.get(key).cloned()
    }

    /// Sets or takes away a record; the one that was set first goes when there is no more room.
    pub fn set(&mut self, key: Key, record: Option<Record>) {
        match record {
            Some(record) => {
                if self.records.insert(key.clone(), record).is_none() {
                    self.order.push_back(key);
                }
                while self.records.len() > self.most
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.records.remove(&oldest);
                }
            }
            None => {
                if self.records.remove(&key).is_some() {
                    self.order.retain(|other| *other != key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{ChannelId, UserId};
    use crate::port::record::Recent;

    #[test]
    fn the_oldest_goes_when_there_is_no_more_room() {
        let key = |number: u32| Key::Recent(UserId::from_stored(format!("t:{number}")), ChannelId::from_stored("t:c"));
        let mut memory = Memory::new(2);
        for number in 0..3 {
            memory.set(key(number), Some(Record::Recent(Recent::default())));
        }
        assert!(memory.get(&key(0)).is_none());
        assert!(memory.get(&key(1)).is_some() && memory.get(&key(2)).is_some());
    }
}
