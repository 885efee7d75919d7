// SPDX-License-Identifier: Apache-2.0
// What an external key store's failure means to whoever called KMS. Pure.
// Source: XKS proxy specification, "Error codes", the table of KMS exceptions; KMS API Reference,
// CustomKeyStoresListEntry, ConnectionErrorCode.
#pragma once
#include <string>

#include "base/result.h"
#include "xks/messages.h"

namespace coffer::services::kms {

// The same failure has one message, and an error code by what was being done.
enum class ExternalWork {
  kManagingStore,  // CreateCustomKeyStore, UpdateCustomKeyStore
  kCreatingKey,
  kCryptography,
};
Error external_refusal(xks::Failure failure, ExternalWork work);

// The ConnectionErrorCode of a store that could not be connected.
std::string connection_error_of(xks::Failure failure);

// The store is not connected: CustomKeyStoreInvalidStateException, or KMSInvalidStateException.
Error not_connected(ExternalWork work);

}  // namespace coffer::services::kms
