#include "platform/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "support/temp_dir.h"

namespace candor {
namespace {

using test::TempDir;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

TEST(File, AtomicWriteReplacesWithAPrivateFileAndLeavesNothingElse) {
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "f", "one"));
  ASSERT_TRUE(file::write_atomic(dir / "f", "two"));
  EXPECT_EQ(*file::read(dir / "f", 100), "two");
  EXPECT_EQ(mode_of(dir / "f"), 0600u);
  EXPECT_EQ(*file::list(dir.path()), std::vector<std::string>{"f"});
}

TEST(File, AtomicWriteReplacesASymlinkAndNotWhatItLeadsTo) {
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "target", "one"));
  std::filesystem::create_symlink("target", dir / "link");
  ASSERT_TRUE(file::write_atomic(dir / "link", "two"));
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "link"));
  EXPECT_EQ(*file::read(dir / "link", 100), "two");
  EXPECT_EQ(*file::read(dir / "target", 100), "one");
}

TEST(File, OnlyARegularFileOfOurOwnIsOpened) {
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "own", "mine"));
  EXPECT_EQ(*file::read_own(dir / "own", 100), "mine");
  std::filesystem::create_symlink("own", dir / "link");
  EXPECT_EQ(file::read_own(dir / "link", 100).error().code, ELOOP);
  EXPECT_FALSE(file::lock(dir / "link").locked());
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(file::read_own(dir / "pipe", 100));
  EXPECT_FALSE(file::open_own(dir / "pipe", O_RDWR));
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
  ASSERT_EQ(::chown((dir / "own").c_str(), 65534, 65534), 0);
  EXPECT_EQ(file::read_own(dir / "own", 100).error().code, EPERM);
  EXPECT_FALSE(file::lock(dir / "own").locked());
}

std::vector<std::string> calls;  // "rename", "link", "sync file", "sync directory"

int noted_sync(int fd) {
  struct stat info {};
  calls.emplace_back(::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) ? "sync directory"
                                                                      : "sync file");
  return ::fsync(fd);
}
int noted_rename(const char* from, const char* to) {
  calls.emplace_back("rename");
  return ::rename(from, to);
}

TEST(File, ARenameIsFollowedByASyncOfItsDirectory) {
  TempDir dir;
  file::inject({.fsync = noted_sync, .rename = noted_rename});
  calls.clear();
  EXPECT_TRUE(file::write_atomic(dir / "f", "one"));
  EXPECT_EQ(calls, (std::vector<std::string>{"sync file", "rename", "sync directory"}));
  calls.clear();
  EXPECT_TRUE(file::create_atomic(dir / "new", "one"));
  EXPECT_EQ(calls, (std::vector<std::string>{"sync file", "sync directory"}));
  file::inject({});
}

TEST(File, AnExchangeKeepsWhatWasReplaced) {
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "f", "old"));
  const auto temporary = file::write_temporary(dir / "f", "new");
  ASSERT_TRUE(temporary);
  const auto exchanged = file::exchange(*temporary, dir / "f");
  ASSERT_TRUE(exchanged);
  if (!*exchanged) GTEST_SKIP() << "this file system can't exchange names";
  EXPECT_EQ(*file::read(dir / "f", 100), "new");
  EXPECT_EQ(*file::read(*temporary, 100), "old");
}

TEST(File, CreateAtomicNeverReplaces) {
  TempDir dir;
  ASSERT_TRUE(file::create_atomic(dir / "f", "one"));
  const auto again = file::create_atomic(dir / "f", "two");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_EQ(*file::read(dir / "f", 100), "one");
  EXPECT_EQ(file::list(dir.path())->size(), 1u);
}

TEST(File, ReadIsBoundedAndTakesRegularFilesOnly) {
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "f", std::string(100, 'x')));
  EXPECT_TRUE(file::read(dir / "f", 100));
  EXPECT_EQ(file::read(dir / "f", 99).error().code, EFBIG);
  EXPECT_EQ(file::read(dir.path(), 99).error().code, EISDIR);
  EXPECT_EQ(file::read(dir / "none", 99).error().code, ENOENT);
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(file::read(dir / "pipe", 99));  // and does not wait for a writer
  EXPECT_NE(file::read(dir / "none", 99).error().text.find(dir / "none"), std::string::npos);
}

TEST(File, DirectoriesAreMadePrivate) {
  TempDir dir;
  ASSERT_TRUE(file::make_dirs(dir / "a/b/c"));
  EXPECT_EQ(mode_of(dir / "a"), 0700u);
  EXPECT_EQ(mode_of(dir / "a/b/c"), 0700u);
  ASSERT_TRUE(file::make_dirs(dir / "a/b/c"));
  ASSERT_TRUE(file::write_atomic(dir / "f", ""));
  EXPECT_FALSE(file::make_dirs(dir / "f/x"));
}

TEST(File, ALockIsOneHoldersUntilItsFdCloses) {
  TempDir dir;
  auto one = file::open(dir / "lock", O_RDWR | O_CREAT);
  auto two = file::open(dir / "lock", O_RDWR | O_CREAT);
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(file::try_lock(one->get()));
  EXPECT_FALSE(file::try_lock(two->get()));
  one->reset();
  EXPECT_TRUE(file::try_lock(two->get()));
}

TEST(File, ShortWritesAreContinuedAndErrorsNamed) {
  file::inject({.pwrite = [](int fd, const void* from, std::size_t n, off_t at) {
    return ::pwrite(fd, from, n > 3 ? 3 : n, at);
  }});
  TempDir dir;
  ASSERT_TRUE(file::write_atomic(dir / "f", "a longer text"));
  EXPECT_EQ(*file::read(dir / "f", 100), "a longer text");
  file::inject({.pwrite = [](int, const void*, std::size_t, off_t) -> ssize_t {
    errno = ENOSPC;
    return -1;
  }});
  const auto done = file::write_atomic(dir / "f", "x");
  file::inject({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ENOSPC);
  EXPECT_EQ(*file::read(dir / "f", 100), "a longer text");
  EXPECT_EQ(file::list(dir.path())->size(), 1u);
}

}  // namespace
}  // namespace candor
