#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what a package consists of, with licences, as CycloneDX 1.5: what is compiled in, what is shipped beside the
programs, and what they need of the system.

    sbom.py --build BUILD --programs FOLDER --output FILE [--shipped FOLDER]

BUILD is the build folder (its CMake cache names the version), FOLDER holds the programs. --shipped: libraries that the package
brings along (Windows, AppImage); the others are the system's."""
import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import uuid

# Library file (without version and suffix) -> name, licence. One that is not here stops the build: somebody has to look.
LIBRARIES = {  # the first that matches, in any case
    r"libqt6keychain": ("QtKeychain", "BSD-3-Clause"),
    r"(lib)?Qt6\w+|q(windows|offscreen|ico|schannelbackend|windowsvistastyle)\w*": ("Qt", "LGPL-3.0-only"),
    r"libsimdjson": ("simdjson", "Apache-2.0"),
    r"libz|zlib1": ("zlib", "Zlib"),
    r"libstdc\+\+(-6)?|libgcc_s(_seh-1)?|libgomp": ("GCC runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    r"libc|libm|ld-linux-x86-64|libpthread|libdl|librt|libresolv": ("GNU C Library", "LGPL-2.1-or-later"),
    r"libwinpthread-1": ("mingw-w64 winpthreads", "MIT AND BSD-3-Clause"),
    r"libq(?!t6)[\w-]+|lib(compose|ibus)platforminputcontextplugin": ("Qt", "LGPL-3.0-only"),
    r"libicu\w+": ("ICU", "ICU"),
    r"libssl|libcrypto": ("OpenSSL", "Apache-2.0"),
    r"libgcrypt": ("Libgcrypt", "LGPL-2.1-or-later"),
    r"lib(krb5|gssapi_krb5|k5crypto|krb5support)": ("MIT Kerberos", "MIT"),
    r"libkeyutils": ("keyutils", "LGPL-2.1-or-later"),
    r"libsystemd": ("systemd", "LGPL-2.1-or-later"),
    r"libcap": ("libcap", "BSD-3-Clause OR GPL-2.0-only"),
    r"libzstd": ("Zstandard", "BSD-3-Clause OR GPL-2.0-only"),
    r"liblz4": ("LZ4", "BSD-2-Clause"),
    r"liblzma": ("XZ Utils", "LicenseRef-public-domain"),
    r"libbrotli\w+": ("Brotli", "MIT"),
    r"libpcre2-\w+": ("PCRE2", "BSD-3-Clause"),
    r"libjpeg": ("libjpeg-turbo", "IJG AND BSD-3-Clause"),
    r"libpng16": ("libpng", "libpng-2.0"),
    r"libdbus-1": ("D-Bus", "AFL-2.1 OR GPL-2.0-or-later"),
    r"libxkbcommon(-x11)?": ("xkbcommon", "MIT"),
    r"libxcb-[\w-]+": ("XCB", "MIT"),
    r"libproxy": ("libproxy", "LGPL-2.1-or-later"),
    r"libb2": ("libb2", "CC0-1.0"),
    r"libdouble-conversion": ("double-conversion", "BSD-3-Clause"),
    r"libmd4c": ("MD4C", "MIT"),
}
# In the first part of the AppImage (packaging/appimage/runtime.cpp).
RUNTIME = [("squashfuse", "BSD-2-Clause", "libsquashfuse-dev"), ("libfuse", "LGPL-2.1-only", "libfuse3-dev"),
           ("Zstandard", "BSD-3-Clause OR GPL-2.0-only", "libzstd-dev"), ("GNU C Library", "LGPL-2.1-or-later", "libc6-dev"),
           ("GCC runtime", "GPL-3.0-or-later WITH GCC-exception-3.1", "libstdc++-12-dev")]
COMPILED_IN = [("tl-expected", "CC0-1.0", "libexpected-dev"), ("simdjson", "Apache-2.0", "libsimdjson-dev")]
MULTIARCH = sysconfig.get_config_var("MULTIARCH")
PROGRAMS = ["pilotlight", "pilotlightctl", "pilotlight-keeper", "pilotlight-demo-server"]


def debian_version(package):
    result = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return result.stdout or "unknown"


def look_up(file):
    stem = re.sub(r"\.(so[.\d]*|dll)$", "", file, flags=re.I)
    for pattern, found in LIBRARIES.items():
        if re.fullmatch(pattern, stem, re.I):
            return found
    sys.exit(f"sbom.py: whose is {file}? Add it to LIBRARIES with its licence")


def needed(program):
    """Libraries that the program itself names, and the package that each comes from."""
    dynamic = subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\s+NEEDED\s+(\S+)", dynamic, re.M)


def owner(file):
    """The package of this machine's own architecture that FILE, a library or a plugin, is from."""
    for place in (f"*/{MULTIARCH}/{file}", f"*/{MULTIARCH}/*/{file}"):
        result = subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True)
        if result.stdout:
            return result.stdout.split(":")[0]
    return None


def component(kind, name, version, licence, scope="required", **more):
    key = "expression" if " " in licence else "license"
    value = licence if " " in licence else {"name" if licence.startswith("LicenseRef-") else "id": licence}
    return {"type": kind, "bom-ref": f"{name}@{version}", "name": name, "version": version, "scope": scope,
            "licenses": [{key: value}], **more}


def main():
    arguments = argparse.ArgumentParser()
    for name in ("--build", "--programs", "--output"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("--shipped")
    options = arguments.parse_args()
    cache = pathlib.Path(options.build, "CMakeCache.txt").read_text()
    version = re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.*)$", cache, re.M).group(1)

    parts = {}
    compiled_in = COMPILED_IN
    if options.shipped:
        windows = any(pathlib.Path(options.shipped).rglob("*.exe"))
        compiled_in = compiled_in + ([("zlib", "Zlib", "libz-mingw-w64-dev")] if windows else RUNTIME)
    for name, licence, package in compiled_in:
        made = component("library", name, debian_version(package), licence,
                         properties=[{"name": "pilotlight:how", "value": "compiled in"}])
        parts[made["bom-ref"]] = made
    if options.shipped:
        for path in sorted(pathlib.Path(options.shipped).rglob("*")):
            if path.suffix.lower() != ".dll" and ".so" not in path.name:
                continue
            name, licence = look_up(path.name)
            how = [{"name": "pilotlight:how", "value": "shipped as " + path.name}]
            package = owner(path.name) if ".so" in path.name else None
            made = component("library", package or name, debian_version(package) if package else "", licence, properties=how)
            if made["bom-ref"] in parts:
                parts[made["bom-ref"]]["properties"] += how
            parts.setdefault(made["bom-ref"], made)
    else:
        files = set()
        for program in PROGRAMS:
            files.update(needed(os.path.join(options.programs, program)))
        for file in sorted(files):
            name, licence = look_up(file)
            package = owner(file)
            made = component("library", package or name, debian_version(package) if package else "unknown", licence,
                             properties=[{"name": "pilotlight:how", "value": "of the system: " + file}])
            parts.setdefault(made["bom-ref"], made)

    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    made_at = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"pilotlight {version} {options.output} {epoch}")),
        "metadata": {"timestamp": made_at, "component": component("application", "pilotlight", version, "MIT")},
        "components": list(parts.values()),
    }
    pathlib.Path(options.output).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


main()
