// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_handshake.h"

#include <algorithm>

#include "export/block_status.h"
#include "format/nbd_handshake.h"

namespace coffer::exporting {
namespace nbd = format::nbd;
namespace {

// Answers are small, so that this many of them never fill the socket of a client that does not read.
constexpr int kMostOptions = 256;

// A query names a context; to list them, it may also name a namespace, and none at all asks for everything.
bool is_asked_for(const MetaContext& context, const nbd::MetaContextRequest& request, bool set) {
  if (!set && request.queries.empty()) return true;
  const std::string_view all_of_namespace = context.name.substr(0, context.name.find(':') + 1);
  return std::ranges::any_of(request.queries, [&](std::string_view query) {
    return query == context.name || (!set && query == all_of_namespace);
  });
}

class Handshake {
 public:
  Handshake(Connection& connection, ReceiveBuffer& in, const NbdExport& served)
      : connection_(connection), in_(in), served_(served) {}

  std::optional<NbdSession> run();

 private:
  enum class Next { kOption, kTransmission, kClose };

  Next option(uint32_t option, ByteView data);
  Next export_name(ByteView data);
  Next list(ByteView data);
  Next information(uint32_t option, ByteView data);
  Next structured_reply(ByteView data);
  Next meta_context(uint32_t option, ByteView data);

  bool is_ours(std::string_view name) const { return name.empty() || name == served_.name; }
  // Contexts count only for the export for which they were selected.
  void settle_contexts(std::string_view name) {
    if (name != contexts_of_) select_no_contexts();
  }
  void select_no_contexts() {
    for (const MetaContext& context : kMetaContexts) session_.*context.selected = false;
  }
  uint16_t flags() const { return transmission_flags(served_, session_.structured); }
  bool send(ByteView bytes);
  Next reply(uint32_t option, uint32_t type, ByteView data = {}) {
    return send(nbd::write_option_reply(option, type, data)) ? Next::kOption : Next::kClose;
  }

  Connection& connection_;
  ReceiveBuffer& in_;
  const NbdExport& served_;
  NbdSession session_;
  std::string contexts_of_;  // the export named when contexts were selected
  bool no_zeroes_ = false;
};

bool Handshake::send(ByteView bytes) {
  iovec all{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  return connection_.send({&all, 1});
}

std::optional<NbdSession> Handshake::run() {
  if (!send(nbd::write_greeting()) || !in_.fill(nbd::kClientFlagsSize)) return std::nullopt;
  const auto client = nbd::parse_client_flags(in_.available().first<nbd::kClientFlagsSize>());
  if (!client) return std::nullopt;
  in_.consume(nbd::kClientFlagsSize);
  no_zeroes_ = client->no_zeroes;

  for (int i = 0; i < kMostOptions; ++i) {
    if (!in_.fill(nbd::kOptionHeaderSize)) return std::nullopt;
    const auto header = nbd::parse_option_header(in_.available().first<nbd::kOptionHeaderSize>());
    if (!header) return std::nullopt;
    in_.consume(nbd::kOptionHeaderSize);
    if (!in_.fill(header->length)) return std::nullopt;
    const Next next = option(header->option, in_.available().first(header->length));
    in_.consume(header->length);
    if (next == Next::kTransmission) return session_;
    if (next == Next::kClose) return std::nullopt;
  }
  return std::nullopt;
}

Handshake::Next Handshake::option(uint32_t option, ByteView data) {
  switch (option) {
    case nbd::kOptionExportName:
      return export_name(data);
    case nbd::kOptionAbort:
      return reply(option, nbd::kReplyAck), Next::kClose;
    case nbd::kOptionList:
      return list(data);
    case nbd::kOptionInfo:
    case nbd::kOptionGo:
      return information(option, data);
    case nbd::kOptionStructuredReply:
      return structured_reply(data);
    case nbd::kOptionListMetaContext:
    case nbd::kOptionSetMetaContext:
      return meta_context(option, data);
    default:
      return reply(option, nbd::kReplyErrorUnsupported);
  }
}

Handshake::Next Handshake::export_name(ByteView data) {
  const std::string_view name = as_text(data);
  if (!is_ours(name)) return Next::kClose;  // this option has no way to say no
  settle_contexts(name);
  const Bytes answer = nbd::write_export_name_answer(served_.device->size(), flags(), no_zeroes_);
  return send(answer) ? Next::kTransmission : Next::kClose;
}

Handshake::Next Handshake::list(ByteView data) {
  if (!data.empty()) return reply(nbd::kOptionList, nbd::kReplyErrorInvalid);
  if (reply(nbd::kOptionList, nbd::kReplyServer, nbd::write_export_entry(served_.name)) == Next::kClose)
    return Next::kClose;
  return reply(nbd::kOptionList, nbd::kReplyAck);
}

Handshake::Next Handshake::information(uint32_t option, ByteView data) {
  const auto request = nbd::parse_information_request(data);
  if (!request) return reply(option, nbd::kReplyErrorInvalid);
  if (!is_ours(request->export_name)) return reply(option, nbd::kReplyErrorUnknown);

  std::vector<Bytes> answers{nbd::write_export_information(served_.device->size(), flags())};
  if (request->wants_name)
    answers.push_back(nbd::write_text_information(nbd::kInformationName, served_.name));
  if (request->wants_description)
    answers.push_back(nbd::write_text_information(nbd::kInformationDescription, served_.description));
  if (request->wants_block_size)
    answers.push_back(nbd::write_block_size_information(kSmallestBlock, kPreferredBlock, kLargestPayload));
  for (const Bytes& answer : answers)
    if (reply(option, nbd::kReplyInfo, answer) == Next::kClose) return Next::kClose;

  const bool go = option == nbd::kOptionGo;
  if (go) settle_contexts(request->export_name);
  const Next next = reply(option, nbd::kReplyAck);
  return go && next == Next::kOption ? Next::kTransmission : next;
}

Handshake::Next Handshake::structured_reply(ByteView data) {
  if (!data.empty()) return reply(nbd::kOptionStructuredReply, nbd::kReplyErrorInvalid);
  session_.structured = true;
  return reply(nbd::kOptionStructuredReply, nbd::kReplyAck);
}

Handshake::Next Handshake::meta_context(uint32_t option, ByteView data) {
  const bool set = option == nbd::kOptionSetMetaContext;
  if (set) select_no_contexts();  // replaced even when this one fails
  const auto request = nbd::parse_meta_context_request(data);
  if (!request || !session_.structured) return reply(option, nbd::kReplyErrorInvalid);
  if (request->too_many) return reply(option, nbd::kReplyErrorTooBig);
  if (!is_ours(request->export_name)) return reply(option, nbd::kReplyErrorUnknown);

  if (set) contexts_of_ = request->export_name;
  for (const MetaContext& context : kMetaContexts) {
    if (!is_asked_for(context, *request, set)) continue;
    const Bytes answer = nbd::write_meta_context(set ? context.id : 0, context.name);
    if (reply(option, nbd::kReplyMetaContext, answer) == Next::kClose) return Next::kClose;
    if (set) session_.*context.selected = true;
  }
  return reply(option, nbd::kReplyAck);
}

}  // namespace

std::optional<NbdSession> shake_hands(Connection& connection, ReceiveBuffer& in, const NbdExport& served) {
  return Handshake(connection, in, served).run();
}

}  // namespace coffer::exporting
