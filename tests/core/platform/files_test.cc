#include "platform/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support/failing_files.h"
#include "support/temp_dir.h"

namespace candor {
namespace {

using test::FailingCalls;
using test::TempDir;

const Files files;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

TEST(Files, AtomicWriteReplacesWithAPrivateFileAndLeavesNothingElse) {
  TempDir dir;
  ASSERT_TRUE(files.write_atomic(dir / "f", "one"));
  ASSERT_TRUE(files.write_atomic(dir / "f", "two"));
  EXPECT_EQ(*files.read(dir / "f", 100), "two");
  EXPECT_EQ(mode_of(dir / "f"), 0600u);
  EXPECT_EQ(*files.list(dir.path()), std::vector<std::string>{"f"});
}

TEST(Files, AtomicWriteReplacesASymlink) {
  TempDir dir;
  ASSERT_TRUE(files.write_atomic(dir / "target", "one"));
  std::filesystem::create_symlink("target", dir / "link");
  ASSERT_TRUE(files.write_atomic(dir / "link", "two"));
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "link"));
  EXPECT_EQ(*files.read(dir / "target", 100), "one");
  EXPECT_EQ(*files.read(dir / "link", 100), "two");
}

TEST(Files, CreateAtomicNeverReplaces) {
  TempDir dir;
  ASSERT_TRUE(files.create_atomic(dir / "f", "one"));
  const auto again = files.create_atomic(dir / "f", "two");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_EQ(*files.read(dir / "f", 100), "one");
  EXPECT_EQ(files.list(dir.path())->size(), 1u);
}

TEST(Files, ExchangeGivesEachTheOthersName) {
  TempDir dir;
  ASSERT_TRUE(files.write_atomic(dir / "a", "one"));
  ASSERT_TRUE(files.write_atomic(dir / "b", "two"));
  const auto exchanged = files.exchange(dir / "a", dir / "b");
  ASSERT_TRUE(exchanged.ok());
  if (!*exchanged) GTEST_SKIP() << "this file system can't exchange names";
  EXPECT_EQ(*files.read(dir / "a", 100), "two");
  EXPECT_EQ(*files.read(dir / "b", 100), "one");
}

TEST(Files, ReadIsBoundedAndTakesRegularFilesOnly) {
  TempDir dir;
  ASSERT_TRUE(files.write_atomic(dir / "f", std::string(100, 'x')));
  EXPECT_TRUE(files.read(dir / "f", 100));
  EXPECT_EQ(files.read(dir / "f", 99).error().code, EFBIG);
  EXPECT_EQ(files.read(dir.path(), 99).error().code, EISDIR);
  EXPECT_EQ(files.read(dir / "none", 99).error().code, ENOENT);
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(files.read(dir / "pipe", 99));  // and does not wait for a writer
  EXPECT_NE(files.read(dir / "none", 99).error().text.find(dir / "none"), std::string::npos);
}

TEST(Files, WhatIsOurOwnIsNoLinkAndNoPipe) {
  TempDir dir;
  ASSERT_TRUE(files.write_atomic(dir / "f", "text"));
  EXPECT_EQ(*files.read_own(dir / "f", 100), "text");
  std::filesystem::create_symlink("f", dir / "link");
  EXPECT_EQ(files.read_own(dir / "link", 100).error().code, ELOOP);
  EXPECT_EQ(*files.read(dir / "link", 100), "text");
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(files.open_own(dir / "pipe", Access::change).error().code, EINVAL);
  EXPECT_EQ(files.open_own(dir.path(), Access::read).error().code, EISDIR);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown((dir / "f").c_str(), 65534, 65534), 0);
  EXPECT_EQ(files.read_own(dir / "f", 100).error().code, EPERM);
}

TEST(Files, DirectoriesAreMadePrivate) {
  TempDir dir;
  ASSERT_TRUE(files.make_dirs(dir / "a/b/c"));
  EXPECT_EQ(mode_of(dir / "a"), 0700u);
  EXPECT_EQ(mode_of(dir / "a/b/c"), 0700u);
  ASSERT_TRUE(files.make_dirs(dir / "a/b/c"));
  ASSERT_TRUE(files.write_atomic(dir / "f", ""));
  EXPECT_FALSE(files.make_dirs(dir / "f/x"));
}

TEST(Files, ALockIsOneHoldersUntilItsFileCloses) {
  TempDir dir;
  File one = files.lock(dir / "lock");
  EXPECT_TRUE(one.locked());
  EXPECT_FALSE(files.lock(dir / "lock").locked());
  one = File();
  EXPECT_TRUE(files.lock(dir / "lock").locked());
}

TEST(Files, InfoSaysWhichFileItIs) {
  TempDir dir;
  const auto file = files.open(dir / "f", Access::create);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->resize(5));
  const auto open = file->info();
  const auto named = files.link_info(dir / "f");
  ASSERT_TRUE(open && named);
  EXPECT_EQ(open->kind, FileInfo::Kind::regular);
  EXPECT_TRUE(open->ours);
  EXPECT_EQ(open->bytes, 5u);
  EXPECT_EQ(open->names, 1u);
  EXPECT_EQ(open->id, named->id);
  EXPECT_EQ(open->volume, named->volume);
  ASSERT_TRUE(files.remove(dir / "f"));
  EXPECT_EQ(file->info()->names, 0u);
  EXPECT_EQ(files.info(dir / "f").error().code, ENOENT);
  std::filesystem::create_symlink("nothing", dir / "link");
  EXPECT_EQ(files.link_info(dir / "link")->kind, FileInfo::Kind::link);
  EXPECT_EQ(files.info(dir / "link").error().code, ENOENT);
}

TEST(Files, AMappingIsTheFile) {
  TempDir dir;
  const auto file = files.open(dir / "f", Access::create_new);
  ASSERT_TRUE(file && file->allocate(4096));
  {
    const auto mapping = file->map(4096);
    ASSERT_TRUE(mapping.ok());
    mapping->populate(0, 4096);
    mapping->data()[7] = std::byte{'x'};
  }
  EXPECT_EQ((*files.read(dir / "f", 4096))[7], 'x');
}

TEST(Files, ShortWritesAreContinuedAndErrorsNamed) {
  FailingCalls calls;
  const Files some{calls};
  TempDir dir;
  calls.write_bytes_max = 3;
  ASSERT_TRUE(some.write_atomic(dir / "f", "a longer text"));
  EXPECT_EQ(*some.read(dir / "f", 100), "a longer text");
  calls.on_write = [](std::size_t) { return ENOSPC; };
  const auto done = some.write_atomic(dir / "f", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ENOSPC);
  EXPECT_EQ(*files.read(dir / "f", 100), "a longer text");
  EXPECT_EQ(files.list(dir.path())->size(), 1u);
}

// Whichever call of a replacement fails, the file is the old one or the new one.
TEST(Files, AnAtomicWriteThatFailsAnywhereLeavesAWholeFile) {
  for (const int code : test::kDiskErrors) {
    for (std::size_t n = 0;; ++n) {
      TempDir dir;
      ASSERT_TRUE(files.write_atomic(dir / "f", "old"));
      FailingCalls calls;
      calls.fail_at(n, code);
      const auto done = Files(calls).write_atomic(dir / "f", "new");
      if (!calls.failed()) {
        EXPECT_GE(n, 5u);  // open, write, sync, rename, and the directory's
        break;
      }
      const std::string after = *files.read(dir / "f", 100);
      EXPECT_TRUE(after == "old" || after == "new") << after << ' ' << n;
      if (done) { EXPECT_EQ(after, "new") << n << ' ' << code; }
      if (code == EINTR) { EXPECT_TRUE(done.ok()) << n; }
      EXPECT_EQ(files.list(dir.path())->size(), 1u) << n << ' ' << code;
    }
  }
}

}  // namespace
}  // namespace candor
