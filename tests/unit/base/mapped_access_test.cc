// SPDX-License-Identifier: Apache-2.0
// Is a page that is not there an answer where a mapping is accessed, and the end of the process elsewhere?
#include "base/mapped_access.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/disk.h"

namespace coffer {
namespace {

constexpr size_t kPage = 4096, kSize = 8 * kPage;

// A file of kSize in memory, full of 0x5a, mapped; it can be cut off.
class MappedFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = "/dev/shm/coffer-mapped-XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
    auto opened = system_disk().open(path_, {});
    ASSERT_TRUE(opened) << opened.error().message;
    file_ = std::move(*opened);
    ASSERT_TRUE(file_->write(0, Bytes(kSize, 0x5a)));
    view_ = file_->mapped(0, kSize);
    ASSERT_EQ(view_.size(), kSize);
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  void cut_to(size_t size) { ASSERT_EQ(::truncate(path_.c_str(), static_cast<off_t>(size)), 0); }
  bool copy(ByteView from, uint8_t* to) {
    return access_mapped(from, [=] { std::memcpy(to, from.data(), from.size()); });
  }
  // How a child process that runs `action` ends: its wait status.
  template <class Action>
  int child(Action action) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      action();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  std::string path_;
  std::unique_ptr<File> file_;
  ByteView view_;
};

TEST_F(MappedFile, ShowsWhatTheFileHolds) {
  Bytes seen(kSize);
  ASSERT_TRUE(file_->write(5, as_bytes("later")));
  ASSERT_TRUE(copy(view_, seen.data()));
  Bytes expected(kSize);
  ASSERT_TRUE(file_->read(0, expected));
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(as_text(ByteView(seen).subspan(5, 5)), "later");
}

TEST_F(MappedFile, AnswersWhenTheFileBecameShorter) {
  Bytes seen(kSize);
  cut_to(3 * kPage);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(copy(view_, seen.data()));
  EXPECT_FALSE(copy(view_.subspan(3 * kPage, 1), seen.data()));
  EXPECT_TRUE(copy(view_.first(3 * kPage), seen.data()));  // what is there is there
  cut_to(kSize);
  EXPECT_TRUE(copy(view_, seen.data()));
  EXPECT_EQ(seen[kSize - 1], 0);
}

TEST_F(MappedFile, AnswersEveryThread) {
  cut_to(kPage);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      Bytes seen(kSize);
      const bool there = i % 2 == 0;
      for (int round = 0; round < 200; ++round)
        if (copy(view_.first(there ? kPage : kSize), seen.data()) != there) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(MappedFile, OutsideOfAnAccessTheProcessEndsAsByDefault) {
  cut_to(kPage);
  volatile uint8_t seen = 0;
  const int status = child([&] { seen = view_[kPage]; });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) << status;
}

TEST_F(MappedFile, APageOfSomethingElseEndsTheProcess) {
  cut_to(kPage);
  volatile uint8_t seen = 0;
  const int status = child([&] {
    // The access names the first page only.
    if (!access_mapped(view_.first(kPage), [&] { seen = view_[5 * kPage]; })) ::_exit(1);
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) << status;
}

TEST_F(MappedFile, ASignalThatSomebodySentEndsTheProcess) {
  const int status = child([&] {
    if (!access_mapped(view_, [] { ::raise(SIGBUS); })) ::_exit(1);
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) << status;
}

TEST(MappedFileOnADisk, IsNotMapped) {
  std::string path = "/var/tmp/coffer-mapped-XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  ASSERT_GE(descriptor, 0);
  ::close(descriptor);
  auto file = system_disk().open(path, {});
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(0, Bytes(kSize, 1)));
  EXPECT_TRUE((*file)->mapped(0, kSize).empty());
  EXPECT_TRUE((*file)->mapped_for_writing(0, kSize).empty());
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace coffer
