//! The unsafe of the sockets: the kernel's receive time, which std, mio and socket2 do not read.

#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::AsRawFd;

/// Room for the one control message that is asked for, aligned as the kernel's headers want it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Asks the kernel to note when it receives packets (`SO_TIMESTAMPNS`): a stamp of the network stack, in software, for
/// network cards and loopback alike.
///
/// # Errors
/// When it refuses.
pub fn ask_for_receive_time(socket: &impl AsRawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the pointer is to a live `c_int` of ours of that length, which the call reads and does not keep.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Reads once, like `read`, and says when the kernel received the newest packet of what was read, in ns since the epoch
/// by the system clock; 0 where it does not tell.
///
/// # Errors
/// As of `read`.
#[inline]
pub fn receive(socket: &impl AsRawFd, into: &mut [u8]) -> io::Result<(usize, u64)> {
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let mut control = MaybeUninit::<Control>::uninit();
    // SAFETY: all-zero bytes are a valid `msghdr`: null pointers and zero lengths.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>() as _;
    // SAFETY: `message` points to one part, which is `into`, and to `control`, both with their lengths; all outlive the
    // call, which writes within them and keeps nothing.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
    if count < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((count as usize, receive_time(&message)))
}

/// The receive time among the control messages of a message that `recvmsg` filled.
fn receive_time(message: &libc::msghdr) -> u64 {
    // SAFETY: `msg_control` points to `msg_controllen` bytes that the kernel wrote; null when there are none.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: the macros give headers that lie whole within what the kernel wrote.
        let (level, kind, length) = unsafe { ((*header).cmsg_level, (*header).cmsg_type, (*header).cmsg_len) };
        // SAFETY: computes with its argument alone.
        let whole = unsafe { libc::CMSG_LEN(size_of::<libc::timespec>() as u32) };
        if level == libc::SOL_SOCKET && kind == libc::SCM_TIMESTAMPNS && length >= whole as usize {
            // SAFETY: the header says that a `timespec` lies behind it, possibly not aligned.
            let time = unsafe { libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned() };
            let (Ok(seconds), Ok(ns)) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec)) else { return 0 };
            return seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        }
        // SAFETY: as for the first.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::SystemTime;

    fn now_ns() -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
    }

    #[test]
    fn what_was_read_comes_with_the_time_at_which_the_kernel_had_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut writer, _) = listener.accept().unwrap();
        let mut into = [0; 16];
        ask_for_receive_time(&reader).unwrap();
        // The kernel begins to stamp packets a moment after the first socket asked, and on a busy machine that moment
        // is long; until then it does not tell.
        let told = (0..60_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            let before = now_ns();
            writer.write_all(b"abc").unwrap();
            let (count, at_ns) = receive(&reader, &mut into).unwrap();
            assert_eq!(&into[..count], b"abc");
            assert!(at_ns == 0 || (before..=now_ns()).contains(&at_ns), "received when it was on its way");
            at_ns != 0
        });
        assert!(told, "this kernel tells no receive times");
    }

    #[test]
    fn a_socket_that_has_nothing_blocks_and_one_that_is_over_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (writer, _) = listener.accept().unwrap();
        reader.set_nonblocking(true).unwrap();
        assert_eq!(receive(&reader, &mut [0; 4]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(writer);
        reader.set_nonblocking(false).unwrap();
        assert_eq!(receive(&reader, &mut [0; 4]).unwrap().0, 0);
    }
}
