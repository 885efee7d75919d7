// SPDX-License-Identifier: Apache-2.0
// Links: coffer_format
// Covers a backup's header and contents, in pieces of any size: what the pieces are cut into changes nothing,
// no name leaves the folder, and never more comes out than went in.
#include <algorithm>
#include <string>

#include "format/backup_archive.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;

class Recorder final : public format::BackupReceiver {
 public:
  Status begin(const std::string& name, uint64_t size) override {
    FUZZ_CHECK(format::is_backup_name(name) && name.find("..") == std::string::npos && name.front() != '/');
    FUZZ_CHECK(!open);
    open = true;
    left = size;
    seen += name + "\n" + std::to_string(size) + "\n";
    return {};
  }
  Status contents(ByteView piece) override {
    FUZZ_CHECK(open && piece.size() <= left);
    left -= piece.size();
    seen += as_text(piece);
    return {};
  }
  Status end() override {
    FUZZ_CHECK(open && left == 0);
    open = false;
    seen += "\n";
    return {};
  }

  std::string seen;
  bool open = false;
  uint64_t left = 0;
};

std::string parse(ByteView input, size_t piece, bool& accepted) {
  Recorder recorder;
  format::BackupContentsParser parser(recorder);
  accepted = true;
  for (size_t at = 0; at < input.size() && accepted; at += piece)
    accepted = parser.take(input.subspan(at, std::min(piece, input.size() - at))).has_value();
  accepted = accepted && parser.finish();
  return recorder.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  if (const auto parsed = format::parse_backup_header(input))
    FUZZ_CHECK(std::ranges::equal(format::encode(parsed->header), input.first(parsed->size)));
  bool whole_accepted = false, cut_accepted = false;
  const std::string whole = parse(input, std::max<size_t>(1, size), whole_accepted);
  const std::string cut = parse(input, 7, cut_accepted);
  FUZZ_CHECK(whole_accepted == cut_accepted);
  if (whole_accepted) FUZZ_CHECK(whole == cut);
  return 0;
}
