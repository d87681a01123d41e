//! System calls that have no safe wrapper elsewhere. Every `unsafe` of the crate is here.

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Which side of a `fork` this is.
pub(crate) enum Side {
    Parent(libc::pid_t),
    Child,
}

/// Namespaces that a sandbox does not share with the host. The cgroup namespace follows once it is in its cgroup.
pub(crate) const NAMESPACES: libc::c_int =
    libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

/// Those of a zygote: it may enter only process namespaces that lie below its own.
pub(crate) const ZYGOTES_NAMESPACES: libc::c_int = NAMESPACES & !libc::CLONE_NEWPID;

/// Forks, the child being in new namespaces as `flags` says. Only for a process with one thread.
pub(crate) fn fork(flags: libc::c_int) -> io::Result<Side> {
    // SAFETY: without CLONE_VM and with a null stack, clone is fork: the child gets a copy of this memory and returns
    // here. The callers (supervisor, and the first process of a sandbox, a fork of it) have one thread, so no lock of
    // the allocator or of std can be held by a thread that the child lacks.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(pid as libc::pid_t)),
    }
}

/// Becomes this program. What is no program is not handed to a shell, as the C library's `exec` functions would.
pub(crate) fn execute(program: &Path, arguments: &[String], env: &[(String, String)]) -> Result<Infallible, io::Error> {
    let path = CString::new(program.as_os_str().as_bytes())?;
    let arguments = arguments.iter().map(|argument| CString::new(argument.as_str()));
    let arguments: Vec<CString> = std::iter::once(Ok(path.clone())).chain(arguments).collect::<Result<_, _>>()?;
    let env: Vec<CString> =
        env.iter().map(|(name, value)| CString::new(format!("{name}={value}"))).collect::<Result<_, _>>()?;
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(&arguments), pointers(&env));
    // SAFETY: all three are strings, or null-ended lists of strings, that live until the call fails.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    Err(io::Error::last_os_error())
}

/// Ends the process at once, running no destructor and no exit function that the parent set up.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit takes an integer and does not return.
    unsafe { libc::_exit(status) }
}

/// Moves the process into a cgroup namespace rooted at the cgroups it is in.
pub(crate) fn unshare_cgroup() -> io::Result<()> {
    // SAFETY: unshare takes flags only and touches no memory of ours.
    check(unsafe { libc::unshare(libc::CLONE_NEWCGROUP) })
}

/// Closes every descriptor from `first` on, but for those to keep. The owners of those in this process must never be
/// dropped: only for a forked child that ends by exec or `exit_now`.
pub(crate) fn close_from(first: RawFd, keep: &mut [RawFd]) -> io::Result<()> {
    keep.sort_unstable();
    let mut next = first;
    for kept in keep.iter().copied().filter(|kept| first <= *kept) {
        if next < kept {
            close_range(next, kept - 1, 0)?;
        }
        next = kept + 1;
    }
    close_range(next, RawFd::MAX, 0)
}

/// Makes a descriptor known by this number too, open across exec. Whoever owned the number must not use it any more: only
/// for a forked child that ends by exec or `exit_now`.
pub(crate) fn duplicate_to(descriptor: &OwnedFd, number: RawFd) -> io::Result<()> {
    // SAFETY: dup2 touches no memory of ours; that no owner uses the number later is the duty stated above.
    check(unsafe { libc::dup2(descriptor.as_raw_fd(), number) })
}

/// Marks every descriptor above standard error to be closed by exec.
pub(crate) fn close_on_exec() -> io::Result<()> {
    close_range(3, RawFd::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_int)
}

fn close_range(first: RawFd, last: RawFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: close_range touches no memory of ours; that no owner of a closed descriptor uses it later is the duty
    // that `close_from` states.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What a zygote needs: to enter namespaces, and to become a user without any capability in there.
const ZYGOTES: [libc::c_int; 5] = [CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SYS_CHROOT, CAP_SYS_ADMIN];
const CAP_SETGID: libc::c_int = 6;
const CAP_SETUID: libc::c_int = 7;
const CAP_SETPCAP: libc::c_int = 8;
const CAP_SYS_CHROOT: libc::c_int = 18;
const CAP_SYS_ADMIN: libc::c_int = 21;

/// Takes every capability but a zygote's out of the bounding set: the program that is started next has no more than these.
pub(crate) fn drop_all_but_a_zygotes() -> io::Result<()> {
    drop_bounding_set_but(&ZYGOTES)
}

/// Takes every capability out of the bounding set, so that no exec can bring one back.
pub(crate) fn drop_bounding_set() -> io::Result<()> {
    drop_bounding_set_but(&[])
}

fn drop_bounding_set_but(keep: &[libc::c_int]) -> io::Result<()> {
    for capability in (0..64).filter(|capability| !keep.contains(capability)) {
        // SAFETY: PR_CAPBSET_DROP takes an integer and touches no memory of ours.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } < 0 {
            let error = io::Error::last_os_error();
            // The kernel knows no capability of this number: all have been dropped.
            return if error.raw_os_error() == Some(libc::EINVAL) { Ok(()) } else { Err(error) };
        }
    }
    Ok(())
}

/// Becomes this user and group, with no supplementary groups.
pub(crate) fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: the list is empty, so its pointer is not read; the other two take integers. The process has one thread.
    check(unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: as above.
    check(unsafe { libc::setresgid(id, id, id) })?;
    // SAFETY: as above.
    check(unsafe { libc::setresuid(id, id, id) })
}

/// Takes all capabilities from this process (it has usually lost them with its user id already).
pub(crate) fn drop_capabilities() -> io::Result<()> {
    let header = [0x2008_0522_u32, 0]; // _LINUX_CAPABILITY_VERSION_3, this process
    let none = [0_u32; 6];
    // SAFETY: the kernel reads two words of header and, for version 3, six of data; both live across the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Turns a network interface on and, if given, sets its IPv4 address with a mask of 32 bits.
pub(crate) fn configure_interface(name: &str, address: Option<Ipv4Addr>) -> io::Result<()> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    if let Some(address) = address {
        let mut request = interface_request(name)?;
        request.ifr_ifru.ifru_addr = socket_address(address);
        interface_ioctl(&socket, libc::SIOCSIFADDR as libc::Ioctl, &mut request)?;
    }
    let mut request = interface_request(name)?;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    interface_ioctl(&socket, libc::SIOCSIFFLAGS as libc::Ioctl, &mut request)
}

fn interface_request(name: &str) -> io::Result<libc::ifreq> {
    let name = CString::new(name)?;
    // SAFETY: ifreq is plain data for which all zeroes is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let letters = name.as_bytes().iter().take(libc::IFNAMSIZ - 1);
    request.ifr_name.iter_mut().zip(letters).for_each(|(to, from)| *to = *from as libc::c_char);
    Ok(request)
}

fn interface_ioctl(socket: &OwnedFd, call: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: both calls read and write one ifreq, which `request` is; the descriptor is open.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), call, request) })
}

fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    let inet = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) },
        sin_zero: [0; 8],
    };
    // SAFETY: sockaddr_in and sockaddr have one size (16 bytes) and are plain data.
    unsafe { std::mem::transmute(inet) }
}

/// Takes over a descriptor that this process was started with, whose number it was told.
pub(crate) fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: borrowed for one call, which fails where no such descriptor is open.
    rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) })?;
    // SAFETY: it is open (just checked), and called once, first thing in main, before anything else could own it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
