// SPDX-License-Identifier: Apache-2.0
#include "cli/stored_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "format/dm_table.h"
#include "format/state_map.h"

namespace coffer::cli {
namespace {

using format::LayerRecord;

constexpr size_t kMostLayers = 4096;

Result<std::string> top_layer(Disk& disk, const std::string& volumes, const std::string& id) {
  const bool snapshot = is_resource_id(id, "snap");
  if (!snapshot && !is_resource_id(id, "vol"))
    return fail(ErrorKind::kInvalidArgument, "'" + id + "' is neither a volume's id nor a snapshot's");
  const std::string folder = volumes + "/" + id;
  const std::string path = folder + (snapshot ? "/snapshot" : "/volume");
  COFFER_TRY(there, disk.exists(path));
  if (!there) {
    COFFER_TRY(first_form, disk.exists(folder + "/manifest"));
    if (first_form)
      return fail(ErrorKind::kUnsupported, id + " has the form of the first releases: run `coffer up` once");
    return fail(ErrorKind::kNotFound, id + " does not exist on this host");
  }
  COFFER_TRY(document, read_file(disk, path));
  std::string owner, layer;
  if (snapshot) {
    COFFER_TRY(manifest, format::parse_snapshot_manifest(document));
    if (!manifest.source_layer_id.empty()) return fail(ErrorKind::kConflict, id + " is not copied yet");
    owner = manifest.snapshot_id, layer = manifest.layer_id;
  } else {
    COFFER_TRY(manifest, format::parse_volume_manifest(document));
    owner = manifest.volume_id, layer = manifest.layer_id;
  }
  if (owner != id) return fail(ErrorKind::kCorrupt, "the manifest of " + id + " names another: " + owner);
  return layer;
}

Result<LayerRecord> read_record(Disk& disk, const std::string& volumes, const std::string& id) {
  if (!is_resource_id(id, "layer")) return fail(ErrorKind::kCorrupt, "'" + id + "' is no layer's id");
  const std::string path = volumes + "/" + id + "/record";
  COFFER_TRY(there, disk.exists(path));
  if (!there) return fail(ErrorKind::kCorrupt, "layer " + id + " is missing");
  COFFER_TRY(document, read_file(disk, path));
  COFFER_TRY(record, format::parse_layer_record(document));
  if (record.layer_id != id)
    return fail(ErrorKind::kCorrupt, "the record of layer " + id + " names another: " + record.layer_id);
  return record;
}

// The state map of one layer, page by page.
class StoredMap {
 public:
  static Result<StoredMap> open(Disk& disk, const std::string& volumes, const LayerRecord& record) {
    COFFER_TRY(file, disk.open(volumes + "/" + record.layer_id + "/map", {.read_only = true}));
    Bytes bytes(format::kLayerHeaderSize);
    COFFER_CHECK(file->read(0, bytes));
    COFFER_TRY(header, format::parse_layer_header(bytes));
    if (header.layer_id != record.layer_id || header.cipher != record.cipher ||
        header.size_bytes > record.size_bytes)
      return fail(ErrorKind::kCorrupt, "the header of " + record.layer_id + " does not belong to its record");
    const uint64_t sectors = record.size_bytes / format::kSectorSize;
    COFFER_TRY(size, file->size());
    if (size < format::map_file_size(sectors))
      return fail(ErrorKind::kCorrupt, "the state map of " + record.layer_id + " is too short");
    return StoredMap(std::move(file), format::map_page_count(sectors));
  }

  // The first page from `page` on that is no hole; `none` when there is none.
  Result<uint64_t> next_page(uint64_t page, uint64_t none) {
    if (page >= pages_) return none;
    COFFER_TRY(offset, file_->next_data(format::map_page_offset(page)));
    const uint64_t found = std::max(page, (offset - format::kMapHeaderSize) / format::kMapPageSize);
    return found < pages_ ? found : none;
  }

  // Empty past the layer's end.
  Result<Bytes> read(uint64_t page) {
    if (page >= pages_) return Bytes();
    Bytes bytes(format::kMapPageSize);
    COFFER_CHECK(file_->read(format::map_page_offset(page), bytes));
    return bytes;
  }

 private:
  StoredMap(std::unique_ptr<File> file, uint64_t pages) : file_(std::move(file)), pages_(pages) {}

  std::unique_ptr<File> file_;
  uint64_t pages_;
};

Result<std::vector<std::string>> devices_of(const std::string& volumes, const LayerRecord& record,
                                            const LayerDevices& named) {
  const uint64_t count = format::data_file_count(record.size_bytes);
  if (const auto found = named.find(record.layer_id); found != named.end()) {
    if (found->second.size() == count) return found->second;
    return fail(ErrorKind::kInvalidArgument, fmt::format("{} has {} data files, {} devices were named",
                                                         record.layer_id, count, found->second.size()));
  }
  std::vector<std::string> files;
  for (uint64_t i = 0; i < count; ++i)
    files.push_back(fmt::format("{}/{}/data.{:03}", volumes, record.layer_id, i));
  return files;
}

}  // namespace

Result<std::vector<LayerRecord>> read_chain(Disk& disk, const std::string& volumes, const std::string& id) {
  std::vector<LayerRecord> chain;
  COFFER_TRY(layer, top_layer(disk, volumes, id));
  while (!layer.empty()) {
    if (chain.size() == kMostLayers || std::ranges::find(chain, layer, &LayerRecord::layer_id) != chain.end())
      return fail(ErrorKind::kCorrupt, "the chain of " + id + " is too long, or has no end");
    COFFER_TRY(record, read_record(disk, volumes, layer));
    layer = record.parent_id;
    chain.push_back(std::move(record));
  }
  return chain;
}

Result<std::string> stored_dm_table(Disk& disk, const std::string& volumes, const std::string& id,
                                    const LayerDevices& devices) {
  COFFER_TRY(chain, read_chain(disk, volumes, id));
  for (const auto& [layer, named] : devices)
    if (std::ranges::find(chain, layer, &LayerRecord::layer_id) == chain.end())
      return fail(ErrorKind::kInvalidArgument, id + " has no layer " + layer);
  std::vector<format::DmTableLayer> layers;
  std::vector<StoredMap> maps;
  for (const LayerRecord& record : chain) {
    COFFER_TRY(files, devices_of(volumes, record, devices));
    COFFER_TRY(map, StoredMap::open(disk, volumes, record));
    layers.push_back({record, std::move(files)});
    maps.push_back(std::move(map));
  }
  const uint64_t pages = format::map_page_count(chain.front().size_bytes / format::kSectorSize);
  format::DmTable table(std::move(layers));
  for (uint64_t page = 0; page < pages; ++page) {
    uint64_t next = pages;
    for (StoredMap& map : maps) {
      COFFER_TRY(found, map.next_page(page, pages));
      next = std::min(next, found);
    }
    if (next >= pages) break;
    page = next;
    std::vector<Bytes> states;
    for (StoredMap& map : maps) {
      COFFER_TRY(bytes, map.read(page));
      states.push_back(std::move(bytes));
    }
    COFFER_CHECK(table.add_page(page, {states.begin(), states.end()}));
  }
  return table.finish();
}

}  // namespace coffer::cli
