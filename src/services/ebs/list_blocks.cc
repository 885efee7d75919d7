// SPDX-License-Identifier: Apache-2.0
// ListSnapshotBlocks and ListChangedBlocks. Which blocks hold data, and which differ, volumed tells from the
// layers' maps; no key is needed for it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/lineage.h"
#include "services/ebs/snapshot_lookup.h"
#include "services/page_token.h"

namespace coffer::services::ebs {
namespace {

constexpr uint32_t kMostResults = 10'000;  // EBS direct APIs Reference, MaxResults

struct Page {
  std::vector<uint32_t> blocks;
  std::optional<std::string> next_token;
};

// `list` names what is listed, so that a page token goes on with nothing else.
template <class Request>
Result<uint32_t> first_block_of(const Request& request, const std::string& list) {
  if (!request.next_token) return static_cast<uint32_t>(request.starting_block_index.value_or(0));
  const auto position = parse_page_token(list, *request.next_token);
  uint32_t first = 0;
  const bool numeric =
      position &&
      std::from_chars(position->data(), position->data() + position->size(), first).ec == std::errc();
  if (!numeric) return invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this list.");
  return first;
}

template <class Request>
Result<Page> list(Call& call, const Request& request, const std::string& snapshot_id,
                  const std::string& base_id) {
  const std::string name = "blocks " + snapshot_id + " " + base_id;
  COFFER_TRY(first, first_block_of(request, name));
  const auto most = static_cast<uint32_t>(request.max_results.value_or(kMostResults));
  // One more tells whether there is more.
  COFFER_TRY(blocks, call.installation.volumed.list_blocks(snapshot_id, base_id, first, most + 1));
  Page page{std::move(blocks), std::nullopt};
  if (page.blocks.size() > most) {
    page.next_token = make_page_token(name, std::to_string(page.blocks[most]));
    page.blocks.resize(most);
  }
  return page;
}

// Those of `blocks`, which are in order, that hold data in the snapshot.
Result<std::vector<uint32_t>> blocks_with_data(Call& call, const std::string& snapshot_id,
                                               const std::vector<uint32_t>& blocks) {
  std::vector<uint32_t> with_data;
  uint32_t first = blocks.empty() ? 0 : blocks.front();
  while (!blocks.empty() && first <= blocks.back()) {
    COFFER_TRY(found, call.installation.volumed.list_blocks(snapshot_id, "", first, kMostResults));
    std::ranges::set_intersection(found, blocks, std::back_inserter(with_data));
    if (found.size() < kMostResults) break;
    first = found.back() + 1;
  }
  return with_data;
}

Status require_related(Call& call, const catalog::Snapshot& first, const catalog::Snapshot& second) {
  bool related = false;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(answer, are_related(transaction, first, second));
    related = answer;
    return {};
  }));
  if (related) return {};
  return invalid(
      "UNRELATED_SNAPSHOTS",
      fmt::format("The snapshots '{}' and '{}' are not of the same volume or lineage.", first.id, second.id));
}

template <class Response>
void describe(Response& response, const catalog::Snapshot& snapshot, const BlockTokens::Batch& tokens,
              Page& page) {
  response.expiry_time = tokens.expiry;
  response.volume_size = snapshot.volume_size_gib;
  response.block_size = static_cast<int32_t>(kBlockSize);
  response.next_token = std::move(page.next_token);
}

}  // namespace

Result<api::ListSnapshotBlocksResponse> EbsService::list_snapshot_blocks(
    Call& call, const api::ListSnapshotBlocksRequest& request) {
  COFFER_TRY(snapshot, find_completed_snapshot(call, request.snapshot_id));
  COFFER_TRY(page, list(call, request, snapshot.id, ""));
  COFFER_TRY(tokens, tokens_.batch(call, snapshot.id));
  api::ListSnapshotBlocksResponse response;
  describe(response, snapshot, tokens, page);
  auto& shown = response.blocks.emplace();
  for (const uint32_t block : page.blocks)
    shown.push_back({.block_index = static_cast<int32_t>(block), .block_token = tokens.token_of(block)});
  return response;
}

Result<api::ListChangedBlocksResponse> EbsService::list_changed_blocks(
    Call& call, const api::ListChangedBlocksRequest& request) {
  COFFER_TRY(second, find_completed_snapshot(call, request.second_snapshot_id));
  const std::string first_id = request.first_snapshot_id.value_or("");
  std::vector<uint32_t> in_first;
  if (!first_id.empty()) {
    COFFER_TRY(first, find_completed_snapshot(call, first_id));
    COFFER_CHECK(require_related(call, first, second));
  }
  COFFER_TRY(page, list(call, request, second.id, first_id));
  if (!first_id.empty()) {
    COFFER_TRY(found, blocks_with_data(call, first_id, page.blocks));
    in_first = std::move(found);
  }
  COFFER_TRY(tokens, tokens_.batch(call, second.id));
  BlockTokens::Batch first_tokens = tokens;
  first_tokens.snapshot_id = first_id;
  api::ListChangedBlocksResponse response;
  describe(response, second, tokens, page);
  auto& shown = response.changed_blocks.emplace();
  for (const uint32_t block : page.blocks) {
    api::ChangedBlock& changed = shown.emplace_back();
    changed.block_index = static_cast<int32_t>(block);
    if (std::ranges::binary_search(in_first, block)) changed.first_block_token = first_tokens.token_of(block);
    changed.second_block_token = tokens.token_of(block);
  }
  return response;
}

}  // namespace coffer::services::ebs
