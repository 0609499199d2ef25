// SPDX-License-Identifier: MIT
// The first part of the AppImage (type 2): mounts the squashfs image that stands behind it in the
// same file and runs AppRun in it. Where it cannot be mounted (no FUSE), it is unpacked for the
// run. Linked statically (build.sh), so that it needs nothing of the system but a kernel, and
// fusermount3 for users who are not root. Options: see Help.
#define FUSE_USE_VERSION 35
extern "C" {
#include <squashfuse/ll.h>
#include <squashfuse/squashfuse.h>
}

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

// build.sh packs with zstd alone: the other ways that libsquashfuse knows need not be in here.
extern "C" {
int uncompress(unsigned char *, unsigned long *, const unsigned char *, unsigned long)
{
    return -1;
}
int lzma_stream_buffer_decode(std::uint64_t *, std::uint32_t, const void *, const std::uint8_t *,
                              std::size_t *, std::size_t, std::uint8_t *, std::size_t *,
                              std::size_t)
{
    return -1;
}
int LZ4_decompress_safe(const char *, char *, int, int)
{
    return -1;
}
int lzo1x_decompress_safe(const unsigned char *, unsigned long, unsigned char *, unsigned long *,
                          void *)
{
    return -1;
}
}

namespace {

constexpr const char *Help =
    R"(Pilotlight as an AppImage. Arguments go to the program, but for these:
  --appimage-extract          unpack into ./squashfs-root
  --appimage-extract-and-run  unpack for this run, instead of mounting
                              (or set APPIMAGE_EXTRACT_AND_RUN=1)
  --appimage-mount            mount, say where, and wait to be ended
  --appimage-offset           where the squashfs image begins, in bytes
  --appimage-help             this text
The first argument pilotlightctl, or a link of that name to this file, runs the command line program.
)";

[[noreturn]] void fail(const std::string &what)
{
    std::fprintf(stderr, "AppImage: %s\n", what.c_str());
    std::exit(127);
}

std::string path()
{
    std::error_code error;
    const fs::path path = fs::read_symlink("/proc/self/exe", error);
    if (error)
        fail("/proc is not mounted: it must be");
    return path.string();
}

//! Where this program ends in its file: its section headers stand last (build.sh checks it).
std::size_t imageOffset(const std::string &file)
{
    Elf64_Ehdr header;
    std::ifstream in(file, std::ios::binary);
    if (!in.read(reinterpret_cast<char *>(&header), sizeof header))
        fail("cannot read " + file);
    return header.e_shoff + std::size_t(header.e_shentsize) * header.e_shnum;
}

//! A new folder of ours alone.
std::string makeFolder(const char *name)
{
    const char *base = std::getenv("TMPDIR");
    std::string folder = std::string(base && *base ? base : "/tmp") + '/' + name + "XXXXXX";
    return mkdtemp(folder.data()) ? folder : std::string();
}

// ---- unpacking

bool writeFile(sqfs &image, sqfs_inode &inode, const fs::path &to)
{
    std::ofstream out(to, std::ios::binary);
    std::vector<char> block(256 * 1024);
    for (sqfs_off_t at = 0; at < sqfs_off_t(inode.xtra.reg.file_size);) {
        sqfs_off_t size = sqfs_off_t(block.size());
        if (sqfs_read_range(&image, &inode, at, &size, block.data()) != SQFS_OK || size <= 0)
            return false;
        out.write(block.data(), size);
        at += size;
    }
    out.close();
    return bool(out);
}

bool writeEntry(sqfs &image, sqfs_inode &inode, const fs::path &to)
{
    std::error_code error;
    if (S_ISDIR(inode.base.mode))
        return fs::create_directories(to, error) || !error;
    if (S_ISLNK(inode.base.mode)) {
        std::size_t size = inode.xtra.symlink_size + 1;
        std::vector<char> target(size);
        if (sqfs_readlink(&image, &inode, target.data(), &size) != SQFS_OK)
            return false;
        fs::create_symlink(target.data(), to, error);
        return !error;
    }
    // What is ours has neither devices nor sockets.
    return writeFile(image, inode, to) && chmod(to.c_str(), inode.base.mode & 0777) == 0;
}

bool extract(const std::string &file, const fs::path &to)
{
    sqfs image;
    sqfs_inode inode;
    sqfs_traverse walk;
    if (sqfs_open_image(&image, file.c_str(), imageOffset(file)) != SQFS_OK
        || sqfs_traverse_open(&walk, &image, sqfs_inode_root(&image)) != SQFS_OK)
        return false;
    std::error_code exists;
    fs::create_directories(to, exists);
    sqfs_err error = SQFS_OK;
    bool whole = !exists;
    while (whole && sqfs_traverse_next(&walk, &error)) {
        if (walk.dir_end)
            continue;
        whole = sqfs_inode_get(&image, &inode, sqfs_dentry_inode(&walk.entry)) == SQFS_OK
            && writeEntry(image, inode, to / walk.path);
    }
    sqfs_traverse_close(&walk);
    sqfs_destroy(&image);
    sqfs_fd_close(image.fd);
    return whole && error == SQFS_OK;
}

// ---- holding what the program runs from, until the last process that uses it has ended

//! Serves the mounted image until nobody is left at the other end of \a alive.
void serve(fuse_session *session, int alive)
{
    fuse_buf buffer{};
    while (!fuse_session_exited(session)) {
        pollfd fds[] = {{alive, POLLIN, 0}, {fuse_session_fd(session), POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            break;
        if (!fds[1].revents)
            continue;
        const int size = fuse_session_receive_buf(session, &buffer);
        if (size > 0)
            fuse_session_process_buf(session, &buffer);
        else if (size != -EINTR)
            break;
    }
    std::free(buffer.mem);
}

bool mountUntil(const std::string &file, const std::string &folder, int alive,
                const std::function<void()> &ready)
{
    fuse_lowlevel_ops calls{};
    calls.lookup = sqfs_ll_op_lookup;
    calls.forget = sqfs_ll_op_forget;
    calls.getattr = sqfs_ll_op_getattr;
    calls.readlink = sqfs_ll_op_readlink;
    calls.open = sqfs_ll_op_open;
    calls.read = sqfs_ll_op_read;
    calls.release = sqfs_ll_op_release;
    calls.opendir = sqfs_ll_op_opendir;
    calls.readdir = sqfs_ll_op_readdir;
    calls.releasedir = sqfs_ll_op_releasedir;
    sqfs_ll *const image = sqfs_ll_open(file.c_str(), imageOffset(file));
    if (!image)
        return false;
    char name[] = "pilotlight";
    char flag[] = "-o";
    char options[] = "ro,nodev,nosuid,fsname=pilotlight,subtype=squashfuse";
    char *arguments[] = {name, flag, options};
    fuse_args list = FUSE_ARGS_INIT(3, arguments);
    sqfs_ll_chan channel{};
    const bool mounted =
        sqfs_ll_mount(&channel, folder.c_str(), &list, &calls, sizeof calls, image) == SQFS_OK;
    if (mounted) {
        ready();
        serve(channel.session, alive);
        sqfs_ll_unmount(&channel, folder.c_str());
    }
    sqfs_ll_destroy(image);
    return mounted;
}

bool unpackUntil(const std::string &file, const std::string &folder, int alive,
                 const std::function<void()> &ready)
{
    const bool whole = extract(file, folder);
    if (whole) {
        ready();
        pollfd end{alive, POLLIN, 0};
        while (poll(&end, 1, -1) < 0 && errno == EINTR) { }
    }
    return whole;
}

using Hold = decltype(mountUntil);

//! A process apart does \a hold in a new folder, which goes with it. True once the folder is there;
//! everything that this process starts keeps it.
bool holdFolder(Hold hold, const std::string &file, std::string &folder)
{
    folder = makeFolder(hold == mountUntil ? ".mount_pilotlight" : "appimage_extracted_");
    int alive[2];
    int ready[2];
    if (folder.empty() || pipe(alive) != 0 || pipe(ready) != 0)
        return false;
    const pid_t child = fork();
    if (child == 0) {
        if (fork() != 0) // nobody's child: the program below waits for none that it did not start
            _exit(0);
        setsid();
        close(alive[1]);
        close(ready[0]);
        const int null = open("/dev/null", O_RDWR);
        if (null < 0 || chdir("/") != 0)
            _exit(1);
        // Whoever reads the program's output waits for its end, not for ours.
        for (int fd = 0; fd < 3; ++fd)
            dup2(null, fd);
        hold(file, folder, alive[0], [&ready] {
            if (write(ready[1], "+", 1) == 1)
                close(ready[1]);
        });
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        _exit(0);
    }
    close(alive[0]); // alive[1] stays open in all that is run from the folder
    close(ready[1]);
    if (child > 0)
        waitpid(child, nullptr, 0);
    char done = 0;
    const bool held = child > 0 && read(ready[0], &done, 1) == 1;
    close(ready[0]);
    if (!held)
        close(alive[1]);
    return held;
}

} // namespace

int main(int argc, char *argv[])
{
    const std::string file = path();
    const std::string_view option = argc > 1 ? argv[1] : "";
    if (option == "--appimage-help")
        return std::fputs(Help, stdout) < 0;
    if (option == "--appimage-offset")
        return std::printf("%zu\n", imageOffset(file)) < 0;
    if (option == "--appimage-extract") {
        if (fs::exists("squashfs-root"))
            fail("squashfs-root is there already: remove it first");
        if (!extract(file, "squashfs-root"))
            fail("could not be unpacked: is there room in this folder?");
        return 0;
    }
    const bool mountOnly = option == "--appimage-mount";
    const bool unpackOption = option == "--appimage-extract-and-run";
    if (option.starts_with("--appimage-") && !mountOnly && !unpackOption)
        fail("unknown option " + std::string(option) + "; --appimage-help lists them");

    std::string folder;
    const char *const wish = std::getenv("APPIMAGE_EXTRACT_AND_RUN");
    const bool unpack = !mountOnly && (unpackOption || (wish && std::strcmp(wish, "1") == 0));
    if (unpack || !holdFolder(mountUntil, file, folder)) {
        if (mountOnly)
            fail("could not be mounted: is fuse3 installed?");
        if (!holdFolder(unpackUntil, file, folder))
            fail("could be neither mounted nor unpacked: is there room in the folder for temporary "
                 "files?");
    }
    if (mountOnly) {
        std::printf("%s\n", folder.c_str());
        std::fflush(stdout);
        pause();
        return 0;
    }
    std::error_code ignored;
    setenv("APPIMAGE", file.c_str(), 1);
    setenv("APPDIR", folder.c_str(), 1);
    setenv("OWD", fs::current_path(ignored).c_str(), 1);
    setenv("ARGV0", argv[0], 1);
    std::string run = folder + "/AppRun";
    std::vector<char *> arguments(argv, argv + argc);
    arguments.push_back(nullptr);
    if (unpackOption)
        arguments.erase(arguments.begin() + 1);
    arguments[0] = run.data();
    execv(run.c_str(), arguments.data());
    fail("cannot run " + run + ": " + std::strerror(errno));
}
