// SPDX-License-Identifier: Apache-2.0
#include "base/fiber.h"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <utility>
#include <vector>

#include "base/one_shot_event.h"

namespace coffer {
namespace {

namespace context = boost::context;

thread_local Fiber* running = nullptr;

// Stacks with a guard page, kept for the thread's next fibers: mapping one takes longer than a call.
class StackPool {
 public:
  context::stack_context allocate() {
    if (free_.empty()) return source_.allocate();
    context::stack_context stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void deallocate(context::stack_context& stack) {
    if (free_.size() < kMostFree) return free_.push_back(stack);
    source_.deallocate(stack);
  }
  ~StackPool() {
    for (auto& stack : free_) source_.deallocate(stack);
  }

 private:
  static constexpr size_t kMostFree = 64;
  context::protected_fixedsize_stack source_{Fiber::kStackSize};
  std::vector<context::stack_context> free_;
};

StackPool& stacks_of_this_thread() {
  thread_local StackPool pool;
  return pool;
}

// As Boost takes it, by value.
struct PooledStack {
  context::stack_context allocate() { return stacks_of_this_thread().allocate(); }
  void deallocate(context::stack_context& stack) { stacks_of_this_thread().deallocate(stack); }
};

}  // namespace

struct Fiber::Stack {
  context::fiber own;     // while it does not run
  context::fiber caller;  // while it runs
};

bool Fiber::offered() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return false;
#else
  return true;
#endif
#else
  return true;
#endif
}

Fiber* Fiber::current() {
  return running;
}

Fiber::Fiber(FiberHost& host, FiberHost::Work work, FiberHost::Work done)
    : host_(host), work_(std::move(work)), done_(std::move(done)), stack_(std::make_unique<Stack>()) {
  stack_->own = context::fiber(std::allocator_arg, PooledStack{}, [this](context::fiber&& caller) {
    stack_->caller = std::move(caller);
    work_();
    ended_ = true;
    return std::move(stack_->caller);
  });
}

Fiber::~Fiber() = default;

void Fiber::start(FiberHost& host, FiberHost::Work work, FiberHost::Work done) {
  (new Fiber(host, std::move(work), std::move(done)))->run();
}

void Fiber::run() {
  Fiber* const outside = std::exchange(running, this);
  stack_->own = std::move(stack_->own).resume();
  running = outside;
  if (!ended_) return;
  const FiberHost::Work done = std::move(done_);
  delete this;
  done();
}

void Fiber::wait_for(OneShotEvent& event, const std::chrono::steady_clock::time_point* deadline) {
  if (deadline != nullptr) {
    event_ = &event;
    deadline_ = *deadline;
    watch_deadline();
  }
  stack_->caller = std::move(stack_->caller).resume();
  if (deadline != nullptr) unwatch_deadline();
}

void Fiber::resume() {
  host_.post([this] { run(); });
}

void Fiber::watch_deadline() {
  previous_ = nullptr;
  next_ = std::exchange(host_.waiting_, this);
  if (next_ != nullptr) next_->previous_ = this;
}

void Fiber::unwatch_deadline() {
  (previous_ == nullptr ? host_.waiting_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

void FiberHost::wake_overdue(std::chrono::steady_clock::time_point now) {
  for (Fiber* fiber = waiting_; fiber != nullptr; fiber = fiber->next_)
    if (fiber->deadline_ <= now && fiber->event_->give_up_waiting()) fiber->resume();
}

namespace {

// Nobody on the host's threads expects an exception.
Status without_exceptions(const FiberHost::Work& work) {
  try {
    work();
    return {};
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, std::string("exception: ") + exception.what());
  } catch (...) {
    return fail(ErrorKind::kInternal, "exception");
  }
}

}  // namespace

Status run_blocking(const FiberHost::Work& work) {
  Fiber* const fiber = Fiber::current();
  if (fiber == nullptr) return without_exceptions(work);
  OneShotEvent done;
  Status status;
  fiber->host().offload([&] {
    status = without_exceptions(work);
    done.set();
  });
  done.wait();
  return status;
}

}  // namespace coffer
