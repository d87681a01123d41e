//! What a hostile function must not manage; bounded, so that a broken sandbox does no harm either.

use std::sync::Arc;

use exec::Ended;

use crate::kit::{DOOR_PORT, Kit, request, text};
use crate::tests;

tests![
    no_privileges,
    read_only_files,
    own_processes_only,
    descriptors,
    devices,
    system_calls,
    loopback_only,
    the_door,
    any_authority,
    threads,
    zombies,
    own_tmp,
    tmp_is_limited,
    out_of_memory,
    fork_bomb,
    kill_everything,
    runtime_api_of_another_request,
];

async fn check(kit: &Kit, statements: &str, expected: &str) {
    if let Some(answer) = kit.evaluate(statements).await {
        assert_eq!(answer, expected, "{statements}");
    }
}

/// Statements that give the name of the error that `expression` raises.
fn refused(expression: &str) -> String {
    format!(
        "import errno\ntry:\n    {expression}\n    result = 'done'\nexcept OSError as e:\n    result = errno.errorcode[e.errno]"
    )
}

async fn no_privileges(kit: Arc<Kit>) {
    let status =
        "status = dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n";
    let fields =
        "result = [status[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')]";
    let none = "\"0000000000000000\"";
    let expected = format!("[{none}, {none}, {none}, {none}, {none}, \"1\", \"2\"]");
    check(&kit, &format!("{status}{fields}"), &expected).await;
    check(&kit, "result = os.getuid() > 100000 and os.getgid() == os.getuid() and os.getgroups() == []", "true").await;
    check(&kit, &refused("os.setuid(0)"), "\"EPERM\"").await;
    check(&kit, &refused("os.nice(-5)"), "\"EPERM\"").await;
}

async fn read_only_files(kit: Arc<Kit>) {
    for file in ["/var/task/x", "/x", "/usr/x", "/opt/x", "/var/runtime/x", "/etc/x", "/dev/x", "/home"] {
        check(&kit, &refused(&format!("open('{file}', 'w')")), "\"EROFS\"").await;
    }
    check(
        &kit,
        "result = sorted(os.listdir('/'))",
        r#"["bin", "dev", "etc", "lib", "lib64", "node_modules", "opt", "proc", "sbin", "tmp", "usr", "var"]"#,
    )
    .await;
    check(&kit, &refused("open('/proc/sys/kernel/core_pattern', 'w')"), "\"EROFS\"").await;
    check(
        &kit,
        "result = [open('/proc/' + n).read() for n in ('sysrq-trigger', 'kallsyms', 'keys', 'timer_list') \
         if os.path.exists('/proc/' + n)]\nresult = ''.join(result)",
        "\"\"",
    )
    .await;
    check(&kit, "result = os.path.exists('/etc/shadow') or os.path.exists('/sys/kernel')", "false").await;
}

async fn own_processes_only(kit: Arc<Kit>) {
    check(&kit, "result = [p for p in os.listdir('/proc') if p.isdigit()] == [str(os.getpid())]", "true").await;
    for file in ["environ", "mem", "root/etc/passwd", "maps"] {
        check(&kit, &refused(&format!("open('/proc/1/{file}')")), "\"ENOENT\"").await;
    }
    check(&kit, &refused("os.kill(1, 9)"), "\"EPERM\"").await;
    check(&kit, "import platform\nresult = platform.node()", "\"sandbox\"").await;
    check(&kit, "result = set(l.split(':')[2].strip() for l in open('/proc/self/cgroup')) == {'/'}", "true").await;
}

/// Standard files and the platform's own connection, nothing of the server's.
async fn descriptors(kit: Arc<Kit>) {
    let kinds = "result = sorted(os.readlink('/proc/self/fd/' + f).split(':')[0] for f in os.listdir('/proc/self/fd') \
                 if os.path.exists('/proc/self/fd/' + f))";
    check(&kit, kinds, r#"["/dev/null", "pipe", "pipe", "socket"]"#).await;
}

async fn devices(kit: Arc<Kit>) {
    let all = r#"["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"]"#;
    check(&kit, "result = sorted(os.listdir('/dev'))", all).await;
    check(&kit, "result = len(open('/dev/urandom', 'rb').read(9)) + open('/dev/null', 'w').write('ab')", "11").await;
    check(&kit, &refused("os.mknod('/tmp/d', 0o20600, os.makedev(1, 1))"), "\"EPERM\"").await;
}

async fn system_calls(kit: Arc<Kit>) {
    // mount, umount2, pivot_root, unshare, setns, ptrace, process_vm_readv, keyctl, add_key, bpf, perf_event_open,
    // userfaultfd, io_uring_setup, init_module, reboot, kexec_load, open_by_handle_at, fsopen, move_mount, pidfd_getfd,
    // chroot, swapon, quotactl, kcmp, mknodat
    let calls = "[165, 166, 155, 272, 308, 101, 310, 250, 248, 321, 298, 323, 425, 175, 169, 246, 304, 430, 429, 438, \
                 161, 167, 179, 312, 259]";
    if std::env::consts::ARCH != "x86_64" {
        return println!("skipped: the numbers are those of x86-64");
    }
    let ask = format!(
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\nresult = [n for n in {calls} \
         if libc.syscall(n, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM]"
    );
    check(&kit, &ask, "[]").await;
    let clone = "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n\
                 result = [libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno() == errno.EPERM, \
                 libc.syscall(435, 0, 0), ctypes.get_errno() == errno.ENOSYS]";
    check(&kit, clone, "[-1, true, -1, true]").await;
    for family in ["AF_PACKET", "AF_NETLINK", "AF_VSOCK", "AF_ALG"] {
        check(&kit, &refused(&format!("socket.socket(socket.{family}, socket.SOCK_RAW)")), "\"EPERM\"").await;
    }
    check(&kit, &refused("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"), "\"EPERM\"").await;
}

async fn loopback_only(kit: Arc<Kit>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    check(&kit, "result = [l.split(':')[0].strip() for l in open('/proc/net/dev') if ':' in l]", "[\"lo\"]").await;
    let connect = refused(&format!("socket.create_connection(('127.0.0.1', {port}), 2)"));
    check(&kit, &connect, "\"ECONNREFUSED\"").await;
    check(&kit, &refused("socket.create_connection(('192.0.2.1', 80), 2)"), "\"ENETUNREACH\"").await;
    check(&kit, "result = socket.gethostbyname('localhost')", "\"127.0.0.1\"").await;
    check(
        &kit,
        "try:\n    result = socket.gethostbyname('nowhere.test')\nexcept OSError:\n    result = 'unknown'",
        "\"unknown\"",
    )
    .await;
}

async fn the_door(kit: Arc<Kit>) {
    check(&kit, &fetch(&format!("127.0.0.1:{DOOR_PORT}")), "\"door\"").await;
}

fn fetch(authority: &str) -> String {
    format!("import urllib.request\nresult = urllib.request.urlopen('http://{authority}').read().decode()")
}

/// Whatever the public authority is, it answers inside: an address that the host does not have, or a name.
async fn any_authority(kit: Arc<Kit>) {
    for (host, port) in [("192.0.2.7", 80), ("clearsky.example.com", 443), ("localhost", 4566)] {
        let own = Kit::new(kit.from, host, port);
        check(&own, &fetch(&format!("{host}:{port}")), "\"door\"").await;
    }
}

async fn own_tmp(kit: Arc<Kit>) {
    let code = "import os\ndef handler(e, c):\n    open('/tmp/' + e, 'w')\n    return os.listdir('/tmp')\n";
    let Some(f) = kit.python(code) else { return };
    let (mut one, mut other) = (kit.start(&f).await, kit.start(&f).await);
    let mut lines = Vec::new();
    assert_eq!(text(&one.invoke(request("r", "\"a\""), &mut lines).await), r#"["a"]"#);
    assert_eq!(text(&other.invoke(request("r", "\"b\""), &mut lines).await), r#"["b"]"#);
    assert!(text(&one.invoke(request("r", "\"c\""), &mut lines).await).contains("\"a\""));
}

async fn tmp_is_limited(kit: Arc<Kit>) {
    let code = "import errno\ndef handler(e, c):\n    try:\n        open('/tmp/x', 'wb').write(bytes(20 << 20))\n    \
                except OSError as e:\n        return errno.errorcode[e.errno]\n";
    let Some(mut f) = kit.python(code) else { return };
    f.deployed.ephemeral_storage_mb = 16;
    assert_eq!(text(&kit.once(&f, "1").await.0), "\"ENOSPC\"");
}

async fn out_of_memory(kit: Arc<Kit>) {
    let Some(mut f) = kit.python("def handler(e, c):\n    return len(bytearray(b'x') * (400 << 20))\n") else { return };
    f.deployed.memory_mb = 128;
    let Some(mut neighbour) = kit.python("def handler(e, c):\n    return 'well'\n") else { return };
    neighbour.deployed.memory_mb = 128;
    let mut well = kit.start(&neighbour).await;
    well.invoke(request("r", "1"), &mut Vec::new()).await;
    let (outcome, _) = kit.once(&f, "1").await;
    let message = r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r-1 Error: Runtime exited with error: signal: killed"}"#;
    assert_eq!(text(&outcome), message, "{outcome:?}");
    assert!(outcome.memory_max_bytes <= 128 << 20 && outcome.memory_max_bytes > 100 << 20, "{outcome:?}");
    assert_eq!(text(&well.invoke(request("r", "1"), &mut Vec::new()).await), "\"well\"");
}

async fn fork_bomb(kit: Arc<Kit>) {
    let code = r#"
import os, signal
def handler(e, c):
    made = 0
    try:
        for _ in range(3000):
            if os.fork() == 0:
                signal.pause()
            made += 1
    except OSError as e:
        return [made, e.errno]
    return [made, 0]
"#;
    let Some(mut f) = kit.python(code) else { return };
    (f.deployed.memory_mb, f.deployed.timeout) = (2048, std::time::Duration::from_secs(20));
    let (outcome, _) = kit.once(&f, "1").await;
    assert_eq!(text(&outcome), "[1023, 11]", "{outcome:?}");
}

/// Signals reach the function's own processes only; it still answers.
async fn kill_everything(kit: Arc<Kit>) {
    check(&kit, "child = subprocess.Popen(['sleep', '60'])\nos.kill(-1, 9)\nresult = child.wait()", "-9").await;
}

async fn runtime_api_of_another_request(kit: Arc<Kit>) {
    let ask = "import urllib.request, urllib.error, os\ntry:\n    urllib.request.urlopen('http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + \
               '/2018-06-01/runtime/invocation/another/response', b'1')\n    result = 'taken'\nexcept urllib.error.HTTPError as e:\n    \
               result = [e.code, e.read().decode()]";
    let refused = r#"[400, "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}"]"#;
    check(&kit, ask, refused).await;
    let Some(f) = kit.python("def handler(e, c):\n    return 1\n") else { return };
    assert!(matches!(kit.once(&f, "1").await.0.ended, Ended::Response(_)));
}

async fn threads(kit: Arc<Kit>) {
    let code = "import threading\nresult = 0\ntry:\n    for _ in range(3000):\n        \
                threading.Thread(target=threading.Event().wait, daemon=True).start()\n        result += 1\n\
                except RuntimeError:\n    pass";
    check(&kit, code, "1023").await;
}

/// Orphans are reaped, so that they do not use up the processes.
async fn zombies(kit: Arc<Kit>) {
    let code = "for _ in range(1200):\n    if os.fork() == 0:\n        if os.fork() == 0:\n            os._exit(0)\n        \
                os._exit(0)\n    os.wait()\nresult = 'alive'";
    check(&kit, code, "\"alive\"").await;
}
