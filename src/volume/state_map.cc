// SPDX-License-Identifier: Apache-2.0
#include "volume/state_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace coffer::volume {
namespace {

using format::kMapPageSize;
using format::kSectorsPerMapPage;

constexpr uint64_t kSectorsPerWord = 32;
constexpr uint64_t kWordsPerPage = kMapPageSize / sizeof(uint64_t);
constexpr uint8_t kDirty = 1;     // changed since the last freeze
constexpr uint8_t kInFlight = 2;  // frozen, not yet durable

// Each two bits of a word set to `state`.
constexpr uint64_t filled(SectorState state) {
  return 0x5555555555555555 * static_cast<uint64_t>(state);
}

// The bits of sectors [from, to) of a word.
constexpr uint64_t mask(uint64_t from, uint64_t to) {
  const uint64_t up_to = to == kSectorsPerWord ? ~uint64_t{0} : (uint64_t{1} << (2 * to)) - 1;
  return up_to & ~((uint64_t{1} << (2 * from)) - 1);
}

// The freeze copies words while a writer that holds their chunk changes them, so they are atomics; the order
// is given by the mutex around the dirty list. Who reads a layer that is filled from below holds no lock: a
// state that he sees must not come before the data that it speaks of.
uint64_t load_word(const uint64_t* word) {
  return std::atomic_ref<uint64_t>(*const_cast<uint64_t*>(word)).load(std::memory_order_acquire);
}
void store_word(uint64_t* word, uint64_t value) {
  std::atomic_ref<uint64_t>(*word).store(value, std::memory_order_release);
}

static_assert(std::endian::native == std::endian::little, "a word of the live map is eight bytes of a page");

}  // namespace

StateMap::StateMap(store::ByteRange& image, uint64_t sectors, uint64_t* words, uint64_t bytes)
    : image_(&image),
      sectors_(sectors),
      words_(words),
      bytes_(bytes),
      reserved_(format::map_page_count(sectors)),
      page_flags_(format::map_page_count(sectors)) {}

StateMap::~StateMap() {
  ::munmap(words_, bytes_);
}

Result<std::unique_ptr<StateMap>> StateMap::load(store::ByteRange& image, uint64_t sectors) {
  const uint64_t bytes = format::map_page_count(sectors) * kMapPageSize;
  void* memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("mmap of a state map");
  std::unique_ptr<StateMap> map(new StateMap(image, sectors, static_cast<uint64_t*>(memory), bytes));
  COFFER_CHECK(map->load_pages());
  return map;
}

Status StateMap::grow(store::ByteRange& image, uint64_t sectors) {
  const uint64_t pages = format::map_page_count(sectors);
  const uint64_t bytes = pages * kMapPageSize;
  const std::lock_guard lock(mutex_);  // durable() is asked without the sectors' chunks
  if (bytes != bytes_) {
    void* memory = ::mremap(words_, bytes_, bytes, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) return fail_errno("mremap of a state map");
    words_ = static_cast<uint64_t*>(memory);
    bytes_ = bytes;
  }
  Reservations reserved(pages);
  for (size_t page = 0; page < reserved_.size(); ++page)
    reserved[page].store(reserved_[page].load(std::memory_order_relaxed), std::memory_order_relaxed);
  reserved_.swap(reserved);
  page_flags_.resize(pages);
  sectors_ = sectors;
  image_ = &image;
  return {};
}

Status StateMap::load_pages() {
  constexpr uint64_t kPagesAtOnce = 64;
  Bytes buffer(kPagesAtOnce * kMapPageSize);
  const uint64_t pages = format::map_page_count(sectors_);
  for (uint64_t page = 0; page < pages;) {
    COFFER_TRY(found, image_->next_data(format::map_page_offset(page)));
    if (found >= image_->size()) break;
    page = (found - format::kMapHeaderSize) / kMapPageSize;
    const uint64_t count = std::min(kPagesAtOnce, pages - page);
    const MutableByteView read = MutableByteView(buffer).first(count * kMapPageSize);
    COFFER_CHECK(image_->read(format::map_page_offset(page), read));
    for (uint64_t i = 0; i < count; ++i, ++page) {
      const ByteView contents = read.subspan(i * kMapPageSize, kMapPageSize);
      if (std::all_of(contents.begin(), contents.end(), [](uint8_t byte) { return byte == 0; })) continue;
      COFFER_CHECK(format::check_map_page(
          contents, std::min(kSectorsPerMapPage, sectors_ - page * kSectorsPerMapPage)));
      std::memcpy(words_ + page * kWordsPerPage, contents.data(), kMapPageSize);
      reserved_[page].store(true, std::memory_order_relaxed);
    }
  }
  return {};
}

SectorState StateMap::state(uint64_t sector) const {
  const uint64_t word = load_word(words_ + sector / kSectorsPerWord);
  return static_cast<SectorState>((word >> (2 * (sector % kSectorsPerWord))) & 3);
}

StateMap::Run StateMap::run(uint64_t first, uint64_t limit) const {
  const SectorState wanted = state(first);
  const uint64_t end = first + limit;
  uint64_t sector = first;
  while (sector < end) {
    // Pages that were never reserved are not even looked at: that would take memory for them.
    if (sector % kSectorsPerMapPage == 0 && wanted == SectorState::kAbsent &&
        !reserved_[sector / kSectorsPerMapPage].load(std::memory_order_acquire)) {
      sector += kSectorsPerMapPage;
      continue;
    }
    const uint64_t within = sector % kSectorsPerWord;
    const uint64_t different =
        (load_word(words_ + sector / kSectorsPerWord) ^ filled(wanted)) >> (2 * within);
    if (different != 0) {
      sector += static_cast<uint64_t>(std::countr_zero(different)) / 2;
      break;
    }
    sector += kSectorsPerWord - within;
  }
  return {wanted, std::min(sector, end) - first};
}

Status StateMap::reserve(uint64_t first, uint64_t count) {
  for (uint64_t page = first / kSectorsPerMapPage; page <= (first + count - 1) / kSectorsPerMapPage; ++page) {
    if (reserved_[page].load(std::memory_order_acquire)) continue;
    const std::lock_guard lock(reserve_mutex_);
    if (reserved_[page].load(std::memory_order_relaxed)) continue;
    COFFER_CHECK(image_->reserve(format::map_page_offset(page), kMapPageSize));
    reserved_[page].store(true, std::memory_order_release);
  }
  return {};
}

void StateMap::set(SectorRange range, SectorState state, bool punch) {
  const uint64_t end = range.first + range.count;
  bool changed = false;
  for (uint64_t sector = range.first; sector < end;) {
    const uint64_t within = sector % kSectorsPerWord;
    const uint64_t count = std::min(end - sector, kSectorsPerWord - within);
    uint64_t* const word = words_ + sector / kSectorsPerWord;
    const uint64_t old_value = load_word(word);
    const uint64_t bits = mask(within, within + count);
    const uint64_t new_value = (old_value & ~bits) | (filled(state) & bits);
    if (new_value != old_value) {
      store_word(word, new_value);
      changed = true;
    }
    sector += count;
  }
  if (!changed && !punch) return;

  // In one step with the dirty mark: so a punch is never taken by a flush that does not also freeze its zero.
  const std::lock_guard lock(mutex_);
  for (uint64_t page = range.first / kSectorsPerMapPage; page <= (end - 1) / kSectorsPerMapPage; ++page) {
    if ((page_flags_[page] & kDirty) != 0) continue;
    page_flags_[page] |= kDirty;
    dirty_.push_back(static_cast<uint32_t>(page));
  }
  if (!punch) return;
  if (!punches_.empty() && punches_.back().first + punches_.back().count == range.first)
    punches_.back().count += range.count;
  else
    punches_.push_back(range);
}

bool StateMap::durable(SectorRange range) {
  const std::lock_guard lock(mutex_);
  const uint64_t last = (range.first + range.count - 1) / kSectorsPerMapPage;
  for (uint64_t page = range.first / kSectorsPerMapPage; page <= last; ++page)
    if (page_flags_[page] != 0) return false;
  return true;
}

size_t StateMap::punches_waiting() {
  const std::lock_guard lock(mutex_);
  return punches_.size() + punches_in_flight_;
}

void StateMap::copy_page(uint64_t page, MutableByteView out) const {
  for (uint64_t i = 0; i < kWordsPerPage; ++i) {
    const uint64_t word = load_word(words_ + page * kWordsPerPage + i);
    std::memcpy(out.data() + i * sizeof word, &word, sizeof word);
  }
}

FrozenStates StateMap::freeze() {
  FrozenStates frozen;
  {
    const std::lock_guard lock(mutex_);
    frozen.pages = std::exchange(dirty_, {});
    frozen.punches = std::exchange(punches_, {});
    punches_in_flight_ = frozen.punches.size();
    for (const uint32_t page : frozen.pages) page_flags_[page] = kInFlight;
  }
  std::sort(frozen.pages.begin(), frozen.pages.end());
  frozen.contents.resize(frozen.pages.size() * kMapPageSize);
  for (size_t i = 0; i < frozen.pages.size(); ++i)
    copy_page(frozen.pages[i], MutableByteView(frozen.contents).subspan(i * kMapPageSize, kMapPageSize));
  return frozen;
}

Status StateMap::persist(const FrozenStates& frozen) {
  if (frozen.pages.empty()) return {};
  for (size_t i = 0; i < frozen.pages.size();) {
    size_t count = 1;
    while (i + count < frozen.pages.size() && frozen.pages[i + count] == frozen.pages[i] + count) ++count;
    COFFER_CHECK(image_->write(format::map_page_offset(frozen.pages[i]),
                               ByteView(frozen.contents).subspan(i * kMapPageSize, count * kMapPageSize)));
    i += count;
  }
  return image_->flush();
}

SectorState StateMap::frozen_state(const FrozenStates& frozen, uint64_t sector) {
  const auto page = static_cast<uint32_t>(sector / kSectorsPerMapPage);
  const auto found = std::lower_bound(frozen.pages.begin(), frozen.pages.end(), page);
  if (found == frozen.pages.end() || *found != page) return SectorState::kAbsent;
  const auto index = static_cast<uint64_t>(found - frozen.pages.begin());
  return format::state_in(ByteView(frozen.contents).subspan(index * kMapPageSize, kMapPageSize),
                          sector % kSectorsPerMapPage);
}

void StateMap::settle(const FrozenStates& frozen) {
  const std::lock_guard lock(mutex_);
  for (const uint32_t page : frozen.pages) page_flags_[page] &= static_cast<uint8_t>(~kInFlight);
  punches_in_flight_ = 0;
}

}  // namespace coffer::volume
