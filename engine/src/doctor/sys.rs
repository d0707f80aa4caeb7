//! The unsafe of the doctor: two questions to the kernel that no file answers. Both only read.

#![allow(unsafe_code)]

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use super::checks::clocks::KernelClock;

/// `SIOCETHTOOL` of linux/sockios.h.
const SIOCETHTOOL: libc::c_ulong = 0x8946;
/// `ETHTOOL_GCOALESCE` of linux/ethtool.h; anyone may ask it.
const ETHTOOL_GCOALESCE: u32 = 0x0000_000e;
/// Numbers in `struct ethtool_coalesce`: the command, then 22 settings of which the first is rx_coalesce_usecs.
const COALESCE_WORDS: usize = 23;

/// What the kernel says of its clock.
///
/// # Errors
/// When it does not answer.
pub fn kernel_clock() -> io::Result<KernelClock> {
    // SAFETY: all-zero bytes are a valid `timex`, a plain struct of integers; `modes` 0 asks and changes nothing.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live `timex` of ours, which the call fills and does not keep.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    let synchronised = state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0;
    Ok(KernelClock { synchronised, max_error_us: timex.maxerror })
}

/// How long the card `name` gathers received packets before it interrupts, µs.
///
/// # Errors
/// When the card or its driver does not tell.
pub fn rx_coalesce_us(name: &str) -> io::Result<u32> {
    // Any socket will do to ask.
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut words = [0_u32; COALESCE_WORDS];
    words[0] = ETHTOOL_GCOALESCE;
    // SAFETY: all-zero bytes are a valid `ifreq`: a name of integers and a union of plain data and pointers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays 0, which ends the name.
    if name.len() >= request.ifr_name.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
    // SAFETY: `request` and the `words` that it points to live until the call returns; the kernel writes one
    // `ethtool_coalesce`, which is as long as `words`, and keeps neither pointer.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL as _, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(words[1]) }
}
