//! An address book numbers addresses densely and takes an IPv4 address and its mapped form for one peer.

use core::net::IpAddr;
use homa_protocol::{AddressBook, PeerId};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn peers_are_numbered_from_zero_in_order_of_first_use() {
    let mut book = AddressBook::new();
    assert!(book.is_empty());
    let numbers = ["10.0.0.3", "fd00::1", "10.0.0.3", "10.0.0.1"].map(|text| book.intern(address(text)).get());
    assert_eq!(numbers, [0, 1, 0, 2]);
    assert_eq!(book.len(), 3);
}

#[test]
fn an_ipv4_address_and_its_mapped_form_are_one_peer() {
    let mut book = AddressBook::new();
    let mapped = book.intern(address("::ffff:10.0.0.3"));
    assert_eq!(book.intern(address("10.0.0.3")), mapped);
    assert_eq!(book.get(address("::ffff:10.0.0.3")), Some(mapped));
    assert_eq!(book.address(mapped), Some(address("10.0.0.3")));
}

#[test]
fn the_ipv4_compatible_form_is_another_peer() {
    let mut book = AddressBook::new();
    let compatible = book.intern(address("::10.0.0.3"));
    assert_ne!(book.intern(address("10.0.0.3")), compatible);
}

#[test]
fn looking_up_enters_nobody() {
    let mut book = AddressBook::new();
    assert_eq!(book.get(address("10.0.0.3")), None);
    assert_eq!(book.address(PeerId::new(0)), None);
    book.intern(address("10.0.0.1"));
    assert_eq!(book.get(address("10.0.0.3")), None);
    assert_eq!(book.len(), 1);
}
