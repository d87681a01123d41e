"""Deployment packages for tests."""
import io
import stat
import zipfile


def package(**files):
    """A zip of files; `__` in a name stands for a dot: package(app__py="...")."""
    return archive(*((name.replace("__", "."), text) for name, text in files.items()))


def archive(*entries, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name, text) or (ZipInfo, text) entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, text in entries:
            opened.writestr(name, text)
    return buffer.getvalue()


def link(name, target):
    """The entry of a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, target
