#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completes an installed tree (FOLDER/usr) to an AppDir: Qt's plugins, every library that programs and plugins need and that a
desktop of any distribution does not have by itself, their licences, and AppRun.

    appdir.py FOLDER

Qt is that of the qmake6 in PATH (QMAKE names another)."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

# Of Wayland's desktops XWayland is used. No wildcard: what else a machine has installed is not in the package.
PLUGINS = [
    "iconengines/libqsvgicon.so",
    "imageformats/libqgif.so", "imageformats/libqico.so", "imageformats/libqjpeg.so", "imageformats/libqsvg.so",
    "networkinformation/libqnetworkmanager.so",
    "platforminputcontexts/libcomposeplatforminputcontextplugin.so",
    "platforminputcontexts/libibusplatforminputcontextplugin.so",
    "platforms/libqoffscreen.so", "platforms/libqxcb.so",
    "tls/libqopensslbackend.so",
    "xcbglintegrations/libqxcb-egl-integration.so", "xcbglintegrations/libqxcb-glx-integration.so",
]
# Qt asks for them by name while it runs.
ASKED_FOR = ["libssl.so.3", "libcrypto.so.3"]
# Of the system: they must fit its kernel, its C library (2.36 of Debian 12 is what we need), its graphics driver, its display
# server, its fonts, or (GLib) what is loaded into the program later, as libsecret. After the list that AppImage tools share
# (github.com/AppImageCommunity/pkg2appimage, excludelist), which leaves GLib out.
OF_THE_SYSTEM = re.compile(r"""(
    ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|stdc\+\+|gcc_s)|
    lib(EGL|GL|GLX|GLdispatch|OpenGL|GLESv2|drm|gbm|wayland-client)|
    lib(X11|X11-xcb|xcb|ICE|SM)|
    lib(glib|gobject|gio|gmodule)-2\.0|
    lib(fontconfig|freetype|harfbuzz|fribidi|expat|uuid|z|com_err|gpg-error)
    )\.so(\..*)?""", re.X)


def qt(name):
    return pathlib.Path(subprocess.run([os.environ.get("QMAKE", "qmake6"), "-query", name], capture_output=True, text=True,
                                       check=True).stdout.strip())


def needed(file, libraries):
    """Name -> path of what FILE needs, itself and through others, but for the system's and what only those need."""
    found = subprocess.run(["ldd", file], capture_output=True, text=True, check=True,
                           env={**os.environ, "LD_LIBRARY_PATH": str(libraries)}).stdout
    if missing := re.findall(r"^\s*(\S+) => not found", found, re.M):
        sys.exit(f"appdir.py: {file} needs {', '.join(missing)}: not on this system")
    paths = dict(re.findall(r"^\s*(\S+) => (/\S+)", found, re.M))
    wanted, files = {}, [file]
    while files:
        names = subprocess.run(["patchelf", "--print-needed", files.pop()], capture_output=True, text=True, check=True).stdout
        for name in names.split():
            if name not in wanted and not OF_THE_SYSTEM.fullmatch(name):
                wanted[name] = paths[name]
                files.append(paths[name])
    return wanted


def package_of(path):
    for name in (path, os.path.realpath(path), os.path.realpath(path).removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True).stdout
        if found:
            return found.split(":")[0]
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    usr = root / "usr"
    libraries, plugins = qt("QT_INSTALL_LIBS"), qt("QT_INSTALL_PLUGINS")
    lib = usr / "lib"
    lib.mkdir(parents=True, exist_ok=True)
    programs = sorted((usr / "bin").iterdir())
    own = []
    for name in PLUGINS:
        to = usr / "plugins" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(plugins / name, to)
        own.append((to, plugins / name))
    (usr / "bin/qt.conf").write_text("[Paths]\nPrefix = ..\nPlugins = plugins\n")

    wanted = {}
    for file in [*programs, *(to for to, _ in own)]:
        wanted.update(needed(file, libraries))
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for name in ASKED_FOR:
        path = re.search(rf"^\s*{re.escape(name)} .*x86-64.* => (\S+)", cache, re.M).group(1)
        wanted.update({name: path, **needed(path, libraries)})

    packages = {package for _, plugin in own if (package := package_of(plugin))}
    for name, path in sorted(wanted.items()):
        shutil.copy(os.path.realpath(path), lib / name)
        subprocess.run(["patchelf", "--set-rpath", "$ORIGIN", lib / name], check=True)
        if package := package_of(path):
            packages.add(package)
    for program in programs:
        subprocess.run(["patchelf", "--set-rpath", "$ORIGIN/../lib", program], check=True)
    for plugin, _ in own:
        subprocess.run(["patchelf", "--set-rpath", "$ORIGIN/../../lib", plugin], check=True)

    licences = usr / "share/doc/pilotlight/licences"
    licences.mkdir(parents=True, exist_ok=True)
    for package in sorted(packages):
        shutil.copy(f"/usr/share/doc/{package}/copyright", licences / package)
    here = pathlib.Path(__file__).parent
    for text in sorted((here.parent / "licences").iterdir()):
        shutil.copyfile(text, licences / text.name)  # not its mode, which is whatever the checkout's umask was

    name = "io.github.pilotlight.pilotlight"
    shutil.copyfile(here / "AppRun", root / "AppRun")
    (root / "AppRun").chmod(0o755)
    shutil.copy(usr / f"share/applications/{name}.desktop", root / f"{name}.desktop")
    shutil.copy(usr / f"share/icons/hicolor/256x256/apps/{name}.png", root / f"{name}.png")
    (root / ".DirIcon").symlink_to(f"{name}.png")


main()
