// SPDX-License-Identifier: Apache-2.0
// Do calls on fibers share one thread, wait for what others make happen, and end at their deadlines?
#include "base/fiber.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/one_shot_event.h"
#include "tests/unit/base/fiber_loop.h"

namespace coffer {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Loop = testing::FiberLoop;

class FiberTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Fiber::offered()) GTEST_SKIP() << "a sanitizer build has no fibers";
  }
};

TEST_F(FiberTest, OneThreadHasManyWaitingAtOnce) {
  constexpr size_t kFibers = 200;
  Loop loop;
  std::vector<OneShotEvent> events(kFibers);
  std::vector<int> order;
  for (size_t i = 0; i < kFibers; ++i)
    loop.start([&, i] {
      events[i].wait();
      order.push_back(static_cast<int>(i));
    });
  EXPECT_TRUE(order.empty());
  std::thread setter([&] {
    for (size_t i = kFibers; i-- > 0;) events[i].set();
  });
  loop.run();
  setter.join();
  ASSERT_EQ(order.size(), kFibers);
  EXPECT_EQ(order.front(), static_cast<int>(kFibers) - 1) << "the first that was set goes on first";
}

TEST_F(FiberTest, WhatIsSetAlreadyIsNotWaitedFor) {
  Loop loop;
  bool ended = false;
  loop.start([&] {
    OneShotEvent event;
    event.set();
    event.wait();
    ended = true;
  });
  EXPECT_TRUE(ended);
}

TEST_F(FiberTest, ADeadlineEndsTheWaiting) {
  Loop loop;
  bool late = true, in_time = false;
  OneShotEvent never, soon;
  loop.start([&] { late = never.wait_until(Clock::now() + 20ms); });
  loop.start([&] { in_time = soon.wait_until(Clock::now() + 60s); });
  std::thread setter([&] { soon.set(); });
  loop.run();
  setter.join();
  EXPECT_FALSE(late);
  EXPECT_TRUE(in_time);
}

// The setter and the deadline come together, again and again: each waiter goes on exactly once.
TEST_F(FiberTest, AnEventSetAtItsDeadlineResumesOnce) {
  Loop loop;
  std::atomic<int> resumed = 0;
  std::vector<std::unique_ptr<OneShotEvent>> events;
  for (int i = 0; i < 300; ++i) events.push_back(std::make_unique<OneShotEvent>());
  for (auto& event : events)
    loop.start([&] {
      (void)event->wait_until(Clock::now() + 3ms);
      ++resumed;
    });
  std::thread setter([&] {
    std::this_thread::sleep_for(2ms);
    for (auto& event : events) event->set();
  });
  loop.run();
  setter.join();
  EXPECT_EQ(resumed, 300);
}

TEST_F(FiberTest, WhatBlocksRunsElsewhere) {
  Loop loop;
  const auto own = std::this_thread::get_id();
  std::thread::id elsewhere, afterwards;
  loop.start([&] {
    EXPECT_TRUE(run_blocking([&] { elsewhere = std::this_thread::get_id(); }));
    afterwards = std::this_thread::get_id();
  });
  loop.run();
  EXPECT_NE(elsewhere, own);
  EXPECT_EQ(afterwards, own);
}

TEST_F(FiberTest, WhatThrowsElsewhereIsAnErrorHere) {
  Loop loop;
  Status status;
  bool went_on = false;
  loop.start([&] {
    status = run_blocking([] { throw std::runtime_error("no more memory"); });
    went_on = true;
  });
  loop.run();
  EXPECT_TRUE(went_on);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInternal);
  EXPECT_NE(status.error().message.find("no more memory"), std::string::npos);
  EXPECT_FALSE(run_blocking([] { throw 5; })) << "outside of fibers too";
}

TEST_F(FiberTest, TheCurrentOneIsKnownOnItAlone) {
  Loop loop;
  Fiber* inside = nullptr;
  OneShotEvent event;
  loop.start([&] {
    inside = Fiber::current();
    event.wait();
    EXPECT_EQ(Fiber::current(), inside);
  });
  EXPECT_NE(inside, nullptr);
  EXPECT_EQ(Fiber::current(), nullptr);
  event.set();
  loop.run();
  EXPECT_EQ(Fiber::current(), nullptr);
}

TEST(OneShotEvent, WakesAThreadToo) {
  OneShotEvent event, never;
  std::thread setter([&] { event.set(); });
  event.wait();
  setter.join();
  EXPECT_TRUE(event.wait_until(Clock::now()));
  EXPECT_FALSE(never.wait_until(Clock::now() + 1ms));
}

}  // namespace
}  // namespace coffer
