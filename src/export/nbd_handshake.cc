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
constexpr std::string_view kNotPermitted = "the client's certificate does not name this volume";

// A query names a context; to list them, it may also name a namespace, and none at all asks for everything.
bool is_asked_for(const MetaContext& context, const nbd::MetaContextRequest& request, bool set) {
  if (!set && request.queries.empty()) return true;
  const std::string_view all_of_namespace = context.name.substr(0, context.name.find(':') + 1);
  return std::ranges::any_of(request.queries, [&](std::string_view query) {
    return query == context.name || (!set && query == all_of_namespace);
  });
}

bool send(Connection& connection, ByteView bytes) {
  iovec all{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  return connection.send({&all, 1});
}

// The next option's header, with all of its data in the buffer.
std::optional<nbd::OptionHeader> next_option(ReceiveBuffer& in) {
  if (!in.fill(nbd::kOptionHeaderSize)) return std::nullopt;
  const auto header = nbd::parse_option_header(in.available().first<nbd::kOptionHeaderSize>());
  if (!header) return std::nullopt;
  in.consume(nbd::kOptionHeaderSize);
  if (!in.fill(header->length)) return std::nullopt;
  return header;
}

class Handshake {
 public:
  Handshake(Connection& connection, ReceiveBuffer& in, const NbdGreeting& greeting,
            const OfferedExports& offered)
      : connection_(connection), in_(in), greeting_(greeting), offered_(offered) {}

  std::optional<NbdEntered> run();

 private:
  enum class Next { kOption, kTransmission, kClose };

  Next option(uint32_t option, ByteView data);
  Next export_name(ByteView data);
  Next list(ByteView data);
  Next information(uint32_t option, ByteView data);
  Next structured_reply(ByteView data);
  Next meta_context(uint32_t option, ByteView data);

  // The client enters with this export. Contexts count only for the one for which they were selected.
  void enter(std::string_view asked, const OfferedExport& found) {
    if (asked != contexts_of_) select_no_contexts();
    entered_ = found.name;
  }
  void select_no_contexts() {
    for (const MetaContext& context : kMetaContexts) session_.*context.selected = false;
  }
  uint16_t flags(const OfferedExport& found) const {
    return transmission_flags(found.read_only, session_.structured);
  }
  Next reply(uint32_t option, uint32_t type, ByteView data = {}) {
    return send(connection_, nbd::write_option_reply(option, type, data)) ? Next::kOption : Next::kClose;
  }
  // With words for people, where the number says too little.
  Next refuse(uint32_t option, nbd::OptionReply error) {
    return reply(option, error, error == nbd::kReplyErrorPolicy ? as_bytes(kNotPermitted) : ByteView());
  }

  Connection& connection_;
  ReceiveBuffer& in_;
  const NbdGreeting& greeting_;
  const OfferedExports& offered_;
  NbdSession session_;
  std::string entered_;      // the export's name
  std::string contexts_of_;  // the export named when contexts were selected
};

std::optional<NbdEntered> Handshake::run() {
  for (int i = 0; i < kMostOptions; ++i) {
    const auto header = next_option(in_);
    if (!header) return std::nullopt;
    const Next next = option(header->option, in_.available().first(header->length));
    in_.consume(header->length);
    if (next == Next::kTransmission) return NbdEntered{session_, entered_};
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
    case nbd::kOptionStartTls:
      return reply(option, greeting_.secured ? nbd::kReplyErrorInvalid : nbd::kReplyErrorUnsupported);
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
  const auto found = offered_.find(name);
  if (!found) return Next::kClose;  // this option has no way to say no
  enter(name, *found);
  const Bytes answer = nbd::write_export_name_answer(found->size, flags(*found), greeting_.no_zeroes);
  return send(connection_, answer) ? Next::kTransmission : Next::kClose;
}

Handshake::Next Handshake::list(ByteView data) {
  if (!data.empty()) return reply(nbd::kOptionList, nbd::kReplyErrorInvalid);
  for (const std::string& name : offered_.names())
    if (reply(nbd::kOptionList, nbd::kReplyServer, nbd::write_export_entry(name)) == Next::kClose)
      return Next::kClose;
  return reply(nbd::kOptionList, nbd::kReplyAck);
}

Handshake::Next Handshake::information(uint32_t option, ByteView data) {
  const auto request = nbd::parse_information_request(data);
  if (!request) return reply(option, nbd::kReplyErrorInvalid);
  const auto found = offered_.find(request->export_name);
  if (!found) return refuse(option, found.error());

  std::vector<Bytes> answers{nbd::write_export_information(found->size, flags(*found))};
  if (request->wants_name) answers.push_back(nbd::write_text_information(nbd::kInformationName, found->name));
  if (request->wants_description)
    answers.push_back(nbd::write_text_information(nbd::kInformationDescription, found->description));
  if (request->wants_block_size)
    answers.push_back(nbd::write_block_size_information(kSmallestBlock, kPreferredBlock, kLargestPayload));
  for (const Bytes& answer : answers)
    if (reply(option, nbd::kReplyInfo, answer) == Next::kClose) return Next::kClose;

  const bool go = option == nbd::kOptionGo;
  if (go) enter(request->export_name, *found);
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
  if (const auto found = offered_.find(request->export_name); !found) return refuse(option, found.error());

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

std::optional<NbdGreeting> greet_client(Connection& connection, ReceiveBuffer& in) {
  if (!send(connection, nbd::write_greeting()) || !in.fill(nbd::kClientFlagsSize)) return std::nullopt;
  const auto client = nbd::parse_client_flags(in.available().first<nbd::kClientFlagsSize>());
  if (!client) return std::nullopt;
  in.consume(nbd::kClientFlagsSize);
  return NbdGreeting{.no_zeroes = client->no_zeroes};
}

bool await_starttls(Connection& connection, ReceiveBuffer& in) {
  const auto reply = [&](uint32_t option, uint32_t type) {
    return send(connection, nbd::write_option_reply(option, type));
  };
  for (int i = 0; i < kMostOptions; ++i) {
    const auto header = next_option(in);
    if (!header) return false;
    in.consume(header->length);
    if (header->option == nbd::kOptionAbort) {
      reply(header->option, nbd::kReplyAck);
      return false;
    }
    if (header->option == nbd::kOptionExportName) return false;  // it has no way to say no
    if (header->option == nbd::kOptionStartTls && header->length == 0)
      return reply(header->option, nbd::kReplyAck);
    const bool malformed = header->option == nbd::kOptionStartTls;
    if (!reply(header->option, malformed ? nbd::kReplyErrorInvalid : nbd::kReplyErrorTlsRequired))
      return false;
  }
  return false;
}

std::optional<NbdEntered> settle_options(Connection& connection, ReceiveBuffer& in,
                                         const NbdGreeting& greeting, const OfferedExports& offered) {
  return Handshake(connection, in, greeting, offered).run();
}

}  // namespace coffer::exporting
