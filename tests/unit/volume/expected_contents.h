// SPDX-License-Identifier: Apache-2.0
// The oracle of the crash tests: which contents each 512-byte unit of a volume may have. Before a crash that
// is the newest; after one, any version from the last that a flush acknowledged up to the newest.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace coffer::volume {

class ExpectedContents {
 public:
  static constexpr uint64_t kUnitSize = 512;
  using Unit = std::array<uint8_t, kUnitSize>;
  // How many versions of each unit there were at some moment.
  using Moment = std::map<uint64_t, size_t>;

  void write(uint64_t offset, ByteView data) {
    for_each_unit(offset, data.size(), [&](uint64_t unit, uint64_t within, uint64_t done, uint64_t length) {
      Unit newest = versions(unit).back();
      std::memcpy(newest.data() + within, data.data() + done, length);
      versions(unit).push_back(newest);
    });
  }
  void zero(uint64_t offset, uint64_t length) { write(offset, Bytes(length)); }

  Moment now() const {
    Moment moment;
    for (const auto& [unit, versions] : versions_) moment[unit] = versions.size();
    return moment;
  }
  Moment now(uint64_t offset, uint64_t length) {
    Moment moment;
    for_each_unit(offset, length, [&](uint64_t unit, auto...) { moment[unit] = versions(unit).size(); });
    return moment;
  }
  // What was newest at `moment` is durable.
  void acknowledge(const Moment& moment) {
    for (const auto& [unit, count] : moment) {
      auto& all = versions(unit);
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count - 1));
    }
  }

  // Empty if `got`, which begins at a unit, is what must be read before a crash; otherwise what is wrong.
  std::string check_newest(uint64_t offset, ByteView got) { return check(offset, got, true); }
  std::string check_after_crash(uint64_t offset, ByteView got) { return check(offset, got, false); }

  // After a check: `got` is what there is now. `durable`: and the only thing that there can be.
  void observe(uint64_t offset, ByteView got, bool durable) {
    for (uint64_t at = 0; at < got.size(); at += kUnitSize) {
      auto& all = versions((offset + at) / kUnitSize);
      Unit unit;
      std::memcpy(unit.data(), got.data() + at, kUnitSize);
      if (durable) all.clear();
      if (all.empty() || all.back() != unit) all.push_back(unit);
    }
  }

 private:
  std::vector<Unit>& versions(uint64_t unit) {
    auto& all = versions_[unit];
    if (all.empty()) all.push_back(Unit{});
    return all;
  }

  template <class Action>  // (unit, offset in it, offset in the range, length)
  void for_each_unit(uint64_t offset, uint64_t length, Action action) {
    for (uint64_t done = 0; done < length;) {
      const uint64_t within = (offset + done) % kUnitSize;
      const uint64_t piece = std::min(length - done, kUnitSize - within);
      action((offset + done) / kUnitSize, within, done, piece);
      done += piece;
    }
  }

  std::string check(uint64_t offset, ByteView got, bool newest_only) {
    for (uint64_t at = 0; at < got.size(); at += kUnitSize) {
      const auto found = versions_.find((offset + at) / kUnitSize);
      const auto matches = [&](const Unit& unit) {
        return std::memcmp(unit.data(), got.data() + at, kUnitSize) == 0;
      };
      const bool good = found == versions_.end()
                            ? matches(Unit{})
                            : std::any_of(newest_only ? found->second.end() - 1 : found->second.begin(),
                                          found->second.end(), matches);
      if (!good)
        return fmt::format("the 512 bytes at {} are none of the {} versions they may be", offset + at,
                           found == versions_.end() || newest_only ? 1 : found->second.size());
    }
    return {};
  }

  std::map<uint64_t, std::vector<Unit>> versions_;
};

}  // namespace coffer::volume
