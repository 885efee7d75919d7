// SPDX-License-Identifier: Apache-2.0
#include "volume/layer_store.h"

#include <algorithm>

#include "crypto/xts.h"
#include "volume/documents.h"

namespace coffer::volume {
namespace {

using store::Layout;

constexpr const char* kKey = "key";
constexpr const char* kNextKey = "key.next";  // while it replaces the other
constexpr const char* kData = "data";
constexpr const char* kMap = "map";
constexpr uint64_t kFirstEpoch = 1;

uint64_t map_size(uint64_t size_bytes) {
  return format::map_file_size(size_bytes / kSectorSize);
}

// What the header must say if it belongs to this record.
Status check_header(const format::LayerRecord& record, const format::LayerHeader& header) {
  if (header.layer_id == record.layer_id && header.cipher == record.cipher &&
      header.size_bytes <= record.size_bytes)
    return {};
  return fail(ErrorKind::kCorrupt,
              "the header of layer " + record.layer_id + " does not belong to its record");
}

Status flush(const LayerFiles& files) {
  COFFER_CHECK(files.data->flush());
  return files.map->flush();
}

}  // namespace

Status LayerStore::create(const NewLayer& layer, const format::LayerRecord& record) {
  const std::string& id = layer.layer_id;
  const uint64_t size_bytes = record.size_bytes;
  open_.erase(id);
  written_.erase(id);
  COFFER_CHECK(store_.create_folder(id));
  COFFER_CHECK(store_.erase_document(id, kKey));  // of an earlier attempt: no copy of it may stay behind
  COFFER_CHECK(store_.erase_document(id, kNextKey));
  COFFER_CHECK(store_.clear_folder(id));
  COFFER_CHECK(store_.create_range(id, kData, size_bytes, Layout::kSegmented));
  COFFER_TRY(map, store_.create_range(id, kMap, map_size(size_bytes), Layout::kSingle));
  COFFER_CHECK(Layer::format_new(*map, {id, record.cipher, size_bytes, kFirstEpoch, host_id_}));
  COFFER_CHECK(write_key(layer));
  return replace_record(record);
}

Status LayerStore::write_key(const NewLayer& layer) {
  if (!layer.wrapped_key) return {};
  return store_.replace_document(
      layer.layer_id, kKey, format::write_layer_key({layer.layer_id, *layer.wrapped_key, layer.key_context}));
}

Status LayerStore::erase(const std::string& layer_id) {
  open_.erase(layer_id);
  written_.erase(layer_id);
  COFFER_CHECK(store_.erase_document(layer_id, kKey));
  COFFER_CHECK(store_.erase_document(layer_id, kNextKey));
  return store_.remove_folder(layer_id);
}

Result<std::optional<format::LayerRecord>> LayerStore::record(const std::string& layer_id) {
  const auto document = store_.read_document(layer_id, kLayerRecord);
  if (!document && document.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!document) return tl::unexpected(document.error());
  COFFER_TRY(record, format::parse_layer_record(*document));
  if (record.layer_id != layer_id)
    return fail(ErrorKind::kCorrupt, "the record of layer " + layer_id + " names another layer");
  return record;
}

Status LayerStore::replace_record(const format::LayerRecord& record) {
  return store_.replace_document(record.layer_id, kLayerRecord, format::write_layer_record(record));
}

Result<NewLayer> LayerStore::key_of(const format::LayerRecord& record) {
  NewLayer layer{record.layer_id, std::nullopt, {}};
  if (record.cipher == format::LayerCipher::kNone) return layer;
  COFFER_TRY(document, read_if_there(store_, record.layer_id, kKey));
  if (!document) {
    COFFER_TRY(next, read_if_there(store_, record.layer_id, kNextKey));
    document = std::move(next);
  }
  if (!document) return fail(ErrorKind::kCorrupt, "the wrapped key of layer " + record.layer_id + " is gone");
  COFFER_TRY(key, format::parse_layer_key(*document));
  if (key.layer_id != record.layer_id)
    return fail(ErrorKind::kCorrupt, "the key of layer " + record.layer_id + " names another layer");
  layer.wrapped_key = std::move(key.wrapped_key);
  layer.key_context = std::move(key.context);
  return layer;
}

// Renaming over the old document would leave its bytes in blocks that are free and not overwritten. So the
// new one is written beside it first; from then on that is what a restart goes on with.
Status LayerStore::replace_key(const NewLayer& layer) {
  const Bytes key = format::write_layer_key({layer.layer_id, *layer.wrapped_key, layer.key_context});
  COFFER_CHECK(store_.replace_document(layer.layer_id, kNextKey, key));
  return put_in_place(layer.layer_id, key);
}

Status LayerStore::put_in_place(const std::string& layer_id, ByteView key) {
  COFFER_CHECK(store_.erase_document(layer_id, kKey));
  COFFER_CHECK(store_.replace_document(layer_id, kKey, key));
  return store_.erase_document(layer_id, kNextKey);
}

Status LayerStore::settle_key(const std::string& layer_id) {
  COFFER_TRY(next, read_if_there(store_, layer_id, kNextKey));
  if (!next) return store_.erase_document(layer_id, kNextKey);  // its erasure was cut short, or its writing
  COFFER_TRY(parsed, format::parse_layer_key(*next));
  if (parsed.layer_id != layer_id)
    return fail(ErrorKind::kCorrupt, "the key of layer " + layer_id + " names another layer");
  return put_in_place(layer_id, *next);
}

std::shared_ptr<Layer> LayerStore::find_open(const std::string& layer_id) {
  const auto found = open_.find(layer_id);
  if (found == open_.end()) return nullptr;
  auto layer = found->second.lock();
  if (!layer) open_.erase(found);
  return layer;
}

Result<LayerFiles> LayerStore::open_files(const std::string& layer_id, uint64_t size_bytes) {
  LayerFiles files;
  COFFER_TRY(data, store_.open_range(layer_id, kData, size_bytes, Layout::kSegmented));
  COFFER_TRY(map, store_.open_range(layer_id, kMap, map_size(size_bytes), Layout::kSingle));
  files.data = std::move(data);
  files.map = std::move(map);
  return files;
}

Result<std::shared_ptr<Layer>> LayerStore::open(const format::LayerRecord& record) {
  if (auto layer = find_open(record.layer_id)) return layer;
  COFFER_TRY(files, open_files(record.layer_id, record.size_bytes));
  if (written_.contains(record.layer_id)) {
    // Closed without a flush, perhaps. Who reads it from now on may take it for durable: below the top of a
    // chain nobody flushes what he did not write.
    COFFER_CHECK(flush_written(record.layer_id, files));
  }
  COFFER_TRY(header, Layer::read_header(*files.map));
  COFFER_CHECK(check_header(record, header));
  COFFER_TRY(layer, Layer::open(std::move(files), header, record.size_bytes));
  if (!layer->encrypted()) layer->unlock(nullptr);
  open_[record.layer_id] = layer;
  return layer;
}

Result<std::shared_ptr<Layer>> LayerStore::open_unlocked(const format::LayerRecord& record,
                                                         const LayerKeys& keys) {
  COFFER_TRY(layer, open(record));
  if (layer->unlocked()) return layer;
  const auto key =
      std::ranges::find_if(keys, [&](const LayerKey& one) { return one.layer_id == record.layer_id; });
  if (key == keys.end())
    return fail(ErrorKind::kInvalidArgument, "the key of an encrypted layer is missing: " + record.layer_id);
  COFFER_TRY(cipher, crypto::XtsCipher::create(key->key));
  layer->unlock(std::move(cipher));
  return layer;
}

Status LayerStore::grow_files(const format::LayerRecord& record, uint64_t size_bytes) {
  COFFER_CHECK(store_.grow_range(record.layer_id, kData, size_bytes, Layout::kSegmented));
  COFFER_CHECK(store_.grow_range(record.layer_id, kMap, map_size(size_bytes), Layout::kSingle));
  COFFER_TRY(files, open_files(record.layer_id, size_bytes));
  const Status flushed = flush(files);
  // The layer may have these files open: the failure may be the only word of writes that are lost.
  if (!flushed)
    if (const auto layer = find_open(record.layer_id)) layer->give_up(flushed.error());
  return flushed;
}

Status LayerStore::take_over(Layer& layer, std::shared_ptr<RangeLock> locks) {
  auto& lost = written_[layer.id()];
  if (!lost) lost = std::make_shared<std::atomic<bool>>(false);
  return layer.take_over(host_id_, std::move(locks), lost);
}

// A failure is told once: the next flush would succeed and mean nothing.
Status LayerStore::flush_written(const std::string& layer_id, const LayerFiles& files) {
  const Status flushed = flush(files);
  if (!flushed) *written_.at(layer_id) = true;
  return flushed;
}

Status LayerStore::flush_files(const format::LayerRecord& record) {
  if (!written_.contains(record.layer_id)) return {};  // flushed when the store was opened
  COFFER_CHECK(check_kept(record.layer_id));
  COFFER_TRY(files, open_files(record.layer_id, record.size_bytes));
  return flush_written(record.layer_id, files);
}

Status LayerStore::check_kept(const std::string& layer_id) const {
  const auto written = written_.find(layer_id);
  if (written == written_.end() || !*written->second) return {};
  return fail(ErrorKind::kIo, "a flush of layer " + layer_id + " failed: what was written may be lost");
}

// The map before the data: it must not speak of what is gone.
Status LayerStore::start_over(const format::LayerRecord& record) {
  COFFER_TRY(files, open_files(record.layer_id, record.size_bytes));
  COFFER_CHECK(files.map->discard(format::kMapHeaderSize, files.map->size() - format::kMapHeaderSize));
  COFFER_CHECK(files.map->flush());
  COFFER_CHECK(files.data->discard(0, record.size_bytes));
  COFFER_CHECK(files.data->flush());
  written_.erase(record.layer_id);
  return {};
}

Status LayerStore::adopt(const std::string& folder, const format::LayerRecord& record,
                         const NewLayer& layer) {
  COFFER_CHECK(store_.create_folder(record.layer_id));
  COFFER_CHECK(store_.move_range(folder, record.layer_id, record.layer_id, kData, record.size_bytes,
                                 Layout::kSegmented));
  COFFER_CHECK(store_.move_range(folder, record.layer_id + ".map", record.layer_id, kMap,
                                 map_size(record.size_bytes), Layout::kSingle));
  COFFER_CHECK(store_.erase_document(record.layer_id, kKey));  // of an attempt that was cut short
  COFFER_CHECK(write_key(layer));
  return replace_record(record);
}

}  // namespace coffer::volume
