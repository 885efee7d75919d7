// SPDX-License-Identifier: Apache-2.0
#include "catalog/shipped_keys.h"

#include "format/codec.h"

namespace coffer::catalog {
namespace {

constexpr uint8_t kVersion = 1;

// The two directions of one list of members.
class RowWriter {
 public:
  void value(const std::string& text) { writer_.field(text); }
  void value(const Bytes& bytes) { writer_.field(bytes); }
  void value(bool truth) { writer_.u8(truth ? 1 : 0); }
  void value(uint32_t number) { writer_.u32(number); }
  void value(Timestamp time) { writer_.u64(static_cast<uint64_t>(time.microseconds)); }
  void value(const std::optional<Timestamp>& time) {
    value(time.has_value());
    if (time) value(*time);
  }
  void value(const std::vector<std::pair<std::string, std::string>>& tags) {
    writer_.u32(static_cast<uint32_t>(tags.size()));
    for (const auto& [name, text] : tags) writer_.field(name).field(text);
  }
  format::Writer& writer() { return writer_; }

 private:
  format::Writer writer_;
};

class RowReader {
 public:
  explicit RowReader(ByteView bytes) : reader_(bytes) {}
  void value(std::string& text) { text = reader_.text_field(); }
  void value(Bytes& bytes) { bytes = reader_.bytes_field(); }
  void value(bool& truth) {
    const uint8_t byte = reader_.u8();
    if (byte > 1) reader_.fail();
    truth = byte == 1;
  }
  void value(uint32_t& number) { number = reader_.u32(); }
  void value(Timestamp& time) { time.microseconds = static_cast<int64_t>(reader_.u64()); }
  void value(std::optional<Timestamp>& time) {
    bool there = false;
    value(there);
    if (there) value(time.emplace());
  }
  void value(std::vector<std::pair<std::string, std::string>>& tags) {
    for (uint32_t left = reader_.u32(); left > 0 && reader_.ok(); --left) {
      std::string name = reader_.text_field();
      tags.emplace_back(std::move(name), reader_.text_field());
    }
  }
  format::Reader& reader() { return reader_; }

 private:
  format::Reader reader_;
};

// By structured bindings, so that a member that is added to a row is not forgotten here.
template <class Visitor, class Row>
void visit_key(Visitor& visitor, Row& row) {
  auto& [id, account, region, description, policy, state, manager, usage, spec, origin, multi_region, created,
         tags, current_version, primary_region, deletion_date, deletion_window_days, rotation_enabled,
         rotation_period_days, next_rotation, on_demand_rotations, on_demand_rotation_started,
         custom_key_store_id, store_key_id, store_is_disconnected] = row;
  for (auto* text : {&id, &account, &region, &description, &policy, &state, &manager, &usage, &spec, &origin})
    visitor.value(*text);
  visitor.value(multi_region);
  visitor.value(created);
  visitor.value(tags);
  visitor.value(current_version);
  visitor.value(primary_region);
  visitor.value(deletion_date);
  visitor.value(deletion_window_days);
  visitor.value(rotation_enabled);
  visitor.value(rotation_period_days);
  visitor.value(next_rotation);
  visitor.value(on_demand_rotations);
  visitor.value(on_demand_rotation_started);
  visitor.value(custom_key_store_id);
  visitor.value(store_key_id);
  (void)store_is_disconnected;  // follows from the store's row
}

template <class Visitor, class Row>
void visit_backing_key(Visitor& visitor, Row& row) {
  auto& [key_id, version, token, region, rotation_type, rotated, public_key, material_id, expiration_model,
         valid_to] = row;
  visitor.value(key_id);
  visitor.value(version);
  visitor.value(token);
  visitor.value(region);
  visitor.value(rotation_type);
  visitor.value(rotated);
  visitor.value(public_key);
  visitor.value(material_id);
  visitor.value(expiration_model);
  visitor.value(valid_to);
}

template <class Visitor, class Row>
void visit_alias(Visitor& visitor, Row& row) {
  auto& [account, region, name, target_key_id, created, updated] = row;
  for (auto* text : {&account, &region, &name, &target_key_id}) visitor.value(*text);
  visitor.value(created);
  visitor.value(updated);
}

template <class Visitor, class Row>
void visit_custom_key_store(Visitor& visitor, Row& row) {
  auto& [id, account, region, name, type, connection_state, connection_error, created, wrapped_secret,
         cluster_id, trust_anchor, connectivity, uri_endpoint, uri_path, vpc_endpoint_service,
         access_key_id] = row;
  for (auto* text : {&id, &account, &region, &name, &type, &connection_state, &connection_error})
    visitor.value(*text);
  visitor.value(created);
  visitor.value(wrapped_secret);
  for (auto* text : {&cluster_id, &trust_anchor, &connectivity, &uri_endpoint, &uri_path,
                     &vpc_endpoint_service, &access_key_id})
    visitor.value(*text);
}

template <class Row, class Visit>
void write_rows(RowWriter& writer, const std::vector<Row>& rows, Visit visit) {
  writer.value(static_cast<uint32_t>(rows.size()));
  for (const Row& row : rows) visit(writer, row);
}

template <class Row, class Visit>
void read_rows(RowReader& reader, std::vector<Row>& rows, Visit visit) {
  uint32_t left = 0;
  for (reader.value(left); left > 0 && reader.reader().ok(); --left) visit(reader, rows.emplace_back());
}

Status put_key(Transaction& transaction, const Key& key) {
  COFFER_TRY(there, transaction.key(key.region, key.id));
  if (!there) return transaction.insert_key(key, {});
  COFFER_CHECK(transaction.update_key(key));
  return transaction.replace_key_tags(key);
}

// A store of that name may have come and gone before this one.
Status put_custom_key_store(Transaction& transaction, CustomKeyStore store) {
  COFFER_TRY(there, transaction.custom_key_store(store.id));
  if (there) return {};
  constexpr size_t kAll = 1000;
  COFFER_TRY(others, transaction.custom_key_stores(store.account, store.region, "", kAll));
  for (const CustomKeyStore& other : others)
    if (other.name == store.name) store.name = store.id;
  return transaction.insert_custom_key_store(store);
}

Status put_alias(Transaction& transaction, const Alias& alias) {
  COFFER_TRY(there, transaction.alias(alias.account, alias.region, alias.name));
  return there ? transaction.update_alias(alias) : transaction.insert_alias(alias);
}

}  // namespace

Bytes encode(const ShippedKeys& shipped) {
  RowWriter writer;
  writer.writer().u8(kVersion);
  write_rows(writer, shipped.keys, [](auto& to, const Key& row) { visit_key(to, row); });
  write_rows(writer, shipped.backing_keys,
             [](auto& to, const BackingKey& row) { visit_backing_key(to, row); });
  write_rows(writer, shipped.aliases, [](auto& to, const Alias& row) { visit_alias(to, row); });
  write_rows(writer, shipped.custom_key_stores,
             [](auto& to, const CustomKeyStore& row) { visit_custom_key_store(to, row); });
  return writer.writer().take();
}

Result<ShippedKeys> parse_shipped_keys(ByteView bytes) {
  RowReader reader(bytes);
  const uint8_t version = reader.reader().u8();
  if (version > kVersion) return fail(ErrorKind::kTooNew, "the shipped keys are of a later version");
  ShippedKeys shipped;
  read_rows(reader, shipped.keys, [](auto& from, Key& row) { visit_key(from, row); });
  read_rows(reader, shipped.backing_keys, [](auto& from, BackingKey& row) { visit_backing_key(from, row); });
  read_rows(reader, shipped.aliases, [](auto& from, Alias& row) { visit_alias(from, row); });
  read_rows(reader, shipped.custom_key_stores,
            [](auto& from, CustomKeyStore& row) { visit_custom_key_store(from, row); });
  if (version != kVersion || !reader.reader().at_end())
    return fail(ErrorKind::kCorrupt, "the shipped keys cannot be read");
  return shipped;
}

Status store(Transaction& transaction, const ShippedKeys& shipped) {
  for (const CustomKeyStore& row : shipped.custom_key_stores)
    COFFER_CHECK(put_custom_key_store(transaction, row));
  for (const Key& key : shipped.keys) COFFER_CHECK(put_key(transaction, key));
  for (const BackingKey& backing_key : shipped.backing_keys)
    COFFER_CHECK(transaction.put_backing_key(backing_key));
  for (const Alias& alias : shipped.aliases) COFFER_CHECK(put_alias(transaction, alias));
  return {};
}

}  // namespace coffer::catalog
