"""Reads the #include lines of the core, the command and the bindings and finds
those that the architecture forbids. The tables below are the architecture."""

import pathlib
import re
import sys

# What each folder of core/src may include of ours, beside itself: whole
# folders, or single headers of folders it must not know otherwise.
ARROWS = {
    "base": set(),
    "platform": {"base"},
    "catalog": {"base", "candor/version.h"},
    "artifact": {"base", "catalog"},
    "redact": {"base"},
    "identity": {"base", "platform"},
    "spool": {"base", "platform", "candor/outcome.h"},
    "transport": {"base", "platform", "candor/version.h"},
    "event": {"base", "platform", "catalog", "redact", "candor"},
    "consent": {"base", "platform", "identity"},
    "report": {"base", "platform", "redact", "event/encoder.h", "candor"},
    "sink": {"base", "platform", "event/record.h", "candor"},
    "upload": {"base", "platform", "consent", "identity", "sink", "spool", "transport", "event/record.h",
               "candor"},
    "client": {"base", "platform", "catalog", "consent", "event", "identity", "redact", "report", "spool",
               "candor", "sink/sink.h", "upload/job.h"},
}  # fmt: skip
# The same for what is outside core/src.
OUTSIDE = {
    "core/include/candor": {"candor"},
    "core/cli": {"candor", "artifact", "base", "platform", "catalog", "consent", "identity", "spool",
                 "event/record.h", "sink/sink.h",
                 "client/setup.h", "client/upload_library.h", "upload/job.h", "upload/refused.h",
                 "upload/state.h"},
    "bindings": {"candor"},
    "examples": {"candor"},
}

# What still calls the operating system past core/src/platform.
NOT_YET = ["core/cli/*", "core/src/client/*", "core/src/consent/*", "core/src/identity/*", "core/src/platform/*",
           "core/src/transport/*", "core/src/upload/*"]  # fmt: skip

# Headers of operating systems. Standard C++ has the rest.
POSIX = (r"((aio|cpio|dirent|dlfcn|fcntl|fnmatch|ftw|glob|grp|iconv|ifaddrs|langinfo|libgen|malloc|mqueue|netdb|nl_types"
         r"|poll|pthread|pwd|regex|sched|search|semaphore|signal|spawn|strings|syslog|tar|termios|ucontext|ulimit|unistd"
         r"|utime|utmpx|wordexp)\.h|csignal|(sys|arpa|net|netinet)/.*)$")  # fmt: skip
LINUX = r"(linux/|asm/|features\.h|sys/(auxv|epoll|eventfd|fsuid|inotify|prctl|sendfile|signalfd|syscall|sysinfo|timerfd|vfs)\.h)"
DARWIN = r"(mach/|mach-o/|libproc\.h|Availability|TargetConditionals|copyfile\.h|crt_externs\.h|sys/(clonefile|sysctl)\.h)"
WINDOWS = r"(?i)((windows|winsock2?|ws2tcpip|io|direct|process|shlobj|knownfolders|fileapi|handleapi|psapi|aclapi)\.h$)"

# Headers of others: where alone each may appear. `.cc` at the end means: not in headers.
FOREIGN = [
    (LINUX, ["core/src/platform/linux/*.cc", "core/src/platform/file.cc"]),
    (DARWIN, ["core/src/platform/darwin/*.cc"]),
    (WINDOWS, ["core/src/platform/windows/*.cc"]),
    (POSIX, ["core/src/platform/posix/*.cc", "core/src/platform/linux/*.cc", "core/src/platform/darwin/*.cc",
             "bindings/*", "examples/*", *NOT_YET]),
    (r"curl/", ["core/src/transport/*.cc"]),
    (r"nlohmann/", ["core/src/catalog/*.cc", "core/src/artifact/*.cc", "core/src/identity/*.cc", "core/src/consent/*.cc",
                    "core/src/sink/*.cc", "core/src/upload/*.cc", "core/src/client/*.cc", "core/cli/*.cc"]),
    (r"mbedtls/", ["core/src/base/*.cc"]),
    (r"xxhash\.h", ["core/src/spool/*"]),
    (r"(zlib|zstd)\.h", ["core/src/upload/*.cc"]),
    (r"CLI/", ["core/cli/*", "examples/*"]),
    (r"(pybind11/|Python\.h|frameobject\.h)", ["bindings/python/src/*"]),
    (r"(node_api|napi)\.h", ["bindings/node/src/*"]),
    # Slow to start, dependent on the host's locale, or both.
    (r"(iostream|iomanip|locale|regex)$", ["examples/*"]),
]  # fmt: skip

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = (".h", ".cc", ".c", ".cpp")


def forbidden(root):
    """Yields `file:line: text` for each include that breaks a rule."""
    root = pathlib.Path(root)
    for top in ("core", "bindings", "examples"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in SOURCES or "node_modules" in path.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if match:
                    complaint = judge(path.relative_to(root), *match.groups(), path.parent)
                    if complaint:
                        yield f"{path.relative_to(root)}:{number}: {complaint}"


def judge(path, quote, header, folder):
    for pattern, places in FOREIGN:
        if re.match(pattern, header) and not any(path.match(place) or in_tree(path, place) for place in places):
            return f"<{header}> may be included only in {', '.join(places)}"
    if quote == "<":
        return "our own headers are included with quotes" if header.startswith("candor/") else None

    module = header.split("/")[0] if "/" in header else ""
    name, allowed = rule_of(path)
    if not module:
        if name in ARROWS or name == "core/include/candor":
            return f'"{header}" must be written with its folder'
        return None if (folder / header).is_file() else f'"{header}" is no file of this folder'
    if module == name or module in allowed or header in allowed:
        return None
    if module not in ARROWS and module != "candor" and name not in ARROWS and (folder / header).is_file():
        return None
    return f'{name} may not include "{header}"'


def in_tree(path, place):
    """Whether `path` is anywhere below the folder of `place`, and ends as it says."""
    folder, _, name = place.rpartition("/")
    return path.as_posix().startswith(folder + "/") and path.match(name)


def rule_of(path):
    if path.parts[:2] == ("core", "src"):
        return path.parts[2], ARROWS.get(path.parts[2], set())
    for place, allowed in OUTSIDE.items():
        if path.as_posix().startswith(place + "/"):
            return place, allowed
    return path.parts[0], set()


def graph():
    """Yields a line for each folder: what it may include of ours."""
    folders = {f"core/src/{name}": allowed for name, allowed in ARROWS.items()} | OUTSIDE
    width = max(map(len, folders))
    for folder, allowed in folders.items():
        yield f"{folder:{width}} -> {', '.join(sorted(allowed)) or 'nothing of ours'}"


if __name__ == "__main__":
    if "--graph" in sys.argv:
        print("\n".join(graph()))
        sys.exit()
    found = list(forbidden(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(1 if found else 0)
