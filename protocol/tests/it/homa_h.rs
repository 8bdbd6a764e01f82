//! The numbers and texts of `homa.h`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use homa_protocol::wire::{Family, GeometryError};
use homa_protocol::{
    AbortError, AddressBook, ApiError, BadBpage, BindError, Config, Destination, ERROR_MSG_SIZE, Endpoint, Errno,
    FailedRpc, HOMA_BPAGE_SHIFT, HOMA_BPAGE_SIZE, HOMAIOCABORT, HOMAIOCFREEZE, HOMAIOCINFO, HOMAIOCINFO_V16, HomaInfo,
    Message, PeerId, Port, RcvbufArgs, RecvError, RegionError, RouteError, RpcId, SO_HOMA_RCVBUF, SO_HOMA_SERVER,
    SendError, UnusableRegion,
};
use homa_units::Time;

/// `_IOC` of Linux: direction, size of the argument, 'h', number.
const fn request(direction: u32, size: u32, number: u32) -> u32 {
    direction << 30 | size << 16 | (b'h' as u32) << 8 | number
}

#[test]
fn requests_and_options_have_the_numbers_of_the_header() {
    const INFO_BYTES: u32 = 136;
    const ABORT_BYTES: u32 = 32;
    assert_eq!((SO_HOMA_RCVBUF, SO_HOMA_SERVER, 1 << HOMA_BPAGE_SHIFT), (10, 11, HOMA_BPAGE_SIZE));
    assert_eq!((HOMAIOCINFO_V16, HOMAIOCINFO), (request(3, INFO_BYTES, 1), request(3, INFO_BYTES, 0x90)));
    assert_eq!((HOMAIOCABORT, HOMAIOCFREEZE), (request(3, ABORT_BYTES, 0x91), request(0, 0, 0x92)));
}

/// Each error that a socket can keep, with values that make its text as long as it gets.
fn longest_errors() -> Vec<ApiError> {
    let rpc = RpcId::new(u64::MAX);
    let errno = Errno::new(i32::MIN);
    let failed = FailedRpc { rpc, cookie: 0, peer: PeerId::new(0), port: Port::NONE, error: errno };
    let (least, cores) = (65_535 * 65_536 + 2_000_000, 65_535);
    vec![
        BindError::WrongFamily { given: Family::V6, socket: Family::V4 }.into(),
        BindError::DefaultPort { port: u16::MAX }.into(),
        BindError::ShutDown.into(),
        BindError::InUse { port: u16::MAX }.into(),
        RegionError::Unusable(UnusableRegion::Unaligned { start: u64::MAX }).into(),
        RegionError::Unusable(UnusableRegion::TooShort { length: least - 1, cores, least }).into(),
        RegionError::Unusable(UnusableRegion::TooLong { length: u64::MAX }).into(),
        RegionError::AlreadySet.into(),
        SendError::UnknownFlags { flags: u32::MAX }.into(),
        SendError::ReservedNotZero { reserved: u32::MAX }.into(),
        SendError::WouldBlock { used: u64::MAX, limit: u32::MAX.into() }.into(),
        SendError::ShutDown.into(),
        SendError::WrongFamily { given: Family::V6, socket: Family::V4 }.into(),
        SendError::Route(RouteError::Unreachable(errno)).into(),
        SendError::Route(RouteError::Mtu(GeometryError::MtuTooSmall { mtu: u32::MAX, min: u32::MAX })).into(),
        SendError::Length { length: u32::MAX }.into(),
        SendError::CookieWithReply { cookie: u64::MAX }.into(),
        SendError::NotInService { rpc }.into(),
        RecvError::TooManyBpages { count: u32::MAX }.into(),
        RecvError::ReservedNotZero { reserved: u32::MAX }.into(),
        RecvError::NoRegion.into(),
        RecvError::BadBpage(BadBpage { index: 15, offset: u32::MAX }).into(),
        RecvError::UnknownRpc { rpc }.into(),
        RecvError::NotPrivate { rpc }.into(),
        RecvError::AlreadyWaiting { rpc }.into(),
        RecvError::Again.into(),
        RecvError::ShutDown.into(),
        RecvError::Failed(failed).into(),
        AbortError::PadNotZero.into(),
        AbortError::UnknownRpc { rpc }.into(),
        AbortError::NotAnErrno { error: u32::MAX, most: i32::MAX }.into(),
    ]
}

#[test]
fn the_text_of_every_error_fits_into_error_msg() {
    for error in longest_errors() {
        let text = error.to_string();
        assert!(text.len() < ERROR_MSG_SIZE, "{} bytes: {text}", text.len());
        let info = HomaInfo { bpool_avail_bytes: 0, port: Port::NONE, num_rpcs: 0, filled: 0, error: Some(error) };
        let message = info.error_msg();
        assert_eq!(std::str::from_utf8(&message[..text.len()]), Ok(text.as_str()));
        assert!(message[text.len()..].iter().all(|byte| *byte == 0));
    }
    let info = HomaInfo { bpool_avail_bytes: 0, port: Port::NONE, num_rpcs: 0, filled: 0, error: None };
    assert_eq!(info.error_msg(), [0; ERROR_MSG_SIZE]);
}

#[test]
fn an_rpcs_peer_is_told_in_the_family_of_the_socket() {
    let (v4, v6) = (Ipv4Addr::new(10, 0, 0, 7), Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 7));
    let mut book = AddressBook::new();
    let peers = [book.intern(IpAddr::V4(v4)), book.intern(IpAddr::V6(v6))];
    let mut endpoint = Endpoint::new(Config::default()).expect("the defaults are valid");
    for (family, addresses) in [
        (Family::V4, [Some(IpAddr::V4(v4)), None]),
        (Family::V6, [Some(IpAddr::V6(v4.to_ipv6_mapped())), Some(IpAddr::V6(v6))]),
    ] {
        let socket = endpoint.open_socket(family).expect("ports are free");
        for peer in peers {
            let to = Destination { peer, port: Port::new(99), family };
            endpoint.send_request(Time::ZERO, socket, to, Message { length: 1, tag: 0 }, 0).expect("it is sent");
        }
        let told: Vec<_> = endpoint.rpc_infos(socket).map(|info| (info.family, info.peer_address(&book))).collect();
        let none = endpoint.rpc_infos(socket).filter_map(|info| info.peer_address(&AddressBook::new())).count();
        assert_eq!(none, 0, "another book doesn't know the peers");
        assert_eq!(told, addresses.map(|address| (family, address.map(|address| SocketAddr::new(address, 99)))));
    }
}

#[test]
fn a_region_is_set_and_told_by_the_struct_of_the_header() {
    let mut endpoint = Endpoint::new(Config::default()).expect("the defaults are valid");
    let socket = endpoint.open_socket(Family::V4).expect("ports are free");
    assert_eq!(endpoint.rcvbuf(socket), RcvbufArgs::default());
    let args = RcvbufArgs { start: 8_192, length: 2_200_000 };
    assert_eq!(endpoint.set_rcvbuf(socket, &args), Ok(()));
    assert_eq!(endpoint.rcvbuf(socket), RcvbufArgs { start: 8_192, length: 33 * 65_536 });
    assert_eq!(endpoint.set_rcvbuf(socket, &args), Err(RegionError::AlreadySet));
}
