// SPDX-License-Identifier: Apache-2.0
#include "sealer/pkcs11_slots.h"

#include <fmt/format.h>

#include <vector>

#include "sealer/pkcs11_error.h"

namespace coffer::sealer {
namespace {

// PKCS#11's fixed texts are padded with blanks.
std::string unpadded(const unsigned char* text, size_t size) {
  std::string out(reinterpret_cast<const char*>(text), size);
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace

Result<CK_SLOT_ID> find_token(CK_FUNCTION_LIST& ck, const std::string& label, const std::string& serial) {
  CK_ULONG count = 0;
  COFFER_CK("the list of tokens", ck.C_GetSlotList(CK_TRUE, nullptr, &count));
  std::vector<CK_SLOT_ID> slots(count);
  COFFER_CK("the list of tokens", ck.C_GetSlotList(CK_TRUE, slots.data(), &count));
  slots.resize(count);
  std::string found;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (ck.C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    const std::string its_label = unpadded(info.label, sizeof info.label);
    const std::string its_serial = unpadded(info.serialNumber, sizeof info.serialNumber);
    if ((label.empty() || its_label == label) && (serial.empty() || its_serial == serial)) return slot;
    if (!its_label.empty()) found += (found.empty() ? "" : ", ") + its_label;
  }
  return fail(ErrorKind::kUnavailable,
              fmt::format("PKCS#11: there is no token '{}'; there are: {}", label.empty() ? serial : label,
                          found.empty() ? "none" : found));
}

}  // namespace coffer::sealer
