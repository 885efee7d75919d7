// SPDX-License-Identifier: Apache-2.0
#include "services/kms/external_key_refusals.h"

namespace coffer::services::kms {
namespace {

using xks::Failure;

// AWS's words, by failure.
const char* message_of(Failure failure) {
  switch (failure) {
    case Failure::kValidation:
    case Failure::kMalformed:
      return "AWS KMS cannot interpret the response from the external key store proxy. If you see this error "
             "repeatedly, report it to your external key store proxy administrator.";
    case Failure::kInvalidState:
      return "The external key associated with this KMS key in an external key store is not enabled in the "
             "external key manager. Enable the external key in the external key manager and retry the "
             "request.";
    case Failure::kInvalidCiphertext:
      return "The external key store proxy rejected the request because the specified ciphertext or "
             "encryption context is corrupted, missing, or otherwise invalid.";
    case Failure::kInvalidKeyUsage:
      return "The external key associated with this KMS key in an external key store does not support the "
             "requested operation. Enable the operation on the key in your external key manager, and try the "
             "request again.";
    case Failure::kAuthenticationFailed:
      return "The external key store proxy rejected the request because it could not authenticate AWS KMS. "
             "Verify the XKS proxy authentication credentials for your external key store and update if "
             "necessary.";
    case Failure::kAccessDenied:
      return "The external key store proxy denied access to the operation. Verify that the user and the "
             "external key are both authorized for this operation, and try the request again.";
    case Failure::kKeyNotFound:
      return "The external key associated with this KMS key in an external key store was not found in its "
             "external key manager. If the external key ID associated with this KMS key is incorrect, create "
             "a new KMS key with the correct external key ID.";
    case Failure::kInvalidUriPath:
      return "The external key store proxy rejected the request because of an invalid URI path. Verify the "
             "URI path for your external key store and update if necessary.";
    case Failure::kUnsupportedOperation:
      return "The external key store proxy rejected the request because it does not support the requested "
             "operation. If you see this error repeatedly, report it to your external key store proxy "
             "administrator.";
    case Failure::kDependencyTimeout:
      return "The external key store proxy did not respond to the request in the time allotted. Retry the "
             "request. If you see this error repeatedly, report it to your external key store proxy "
             "administrator.";
    case Failure::kThrottling:
    case Failure::kBusy:
      return "The external key store proxy rejected the request due to a very high request rate. Reduce the "
             "frequency of your calls using KMS keys in this external key store.";
    case Failure::kInternal:
      return "The external key store proxy rejected the request because it cannot communicate with the "
             "external key manager. Verify that the external key store proxy configuration is correct and "
             "that the external key manager is available.";
    case Failure::kUnreachable:
      return "AWS KMS cannot communicate with the external key store proxy. This might be a transient "
             "network issue. If you see this error repeatedly, verify that your external key store proxy is "
             "active and is connected to the network, and that its endpoint URI is correct in your external "
             "key store.";
    case Failure::kTls:
      return "AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS "
             "configuration, including its certificate.";
    case Failure::kTimeout:
      return "AWS KMS rejected the request because the external key store proxy did not respond in time. "
             "Retry the request. If you see this error repeatedly, report it to your external key store "
             "proxy administrator.";
    case Failure::kNotSigned:
      break;
  }
  return "";
}

const char* code_when_managing(Failure failure) {
  switch (failure) {
    case Failure::kAuthenticationFailed:
      return "XksProxyIncorrectAuthenticationCredentialException";
    case Failure::kInvalidUriPath:
      return "XksProxyInvalidConfigurationException";
    case Failure::kDependencyTimeout:
    case Failure::kThrottling:
    case Failure::kBusy:
    case Failure::kUnreachable:
    case Failure::kTls:
    case Failure::kTimeout:
    case Failure::kInvalidState:  // the specification has no row: the store's keys cannot be used
      return "XksProxyUriUnreachableException";
    default:
      return "XksProxyInvalidResponseException";
  }
}

const char* code_when_creating(Failure failure) {
  switch (failure) {
    case Failure::kInvalidState:
    case Failure::kInvalidKeyUsage:
      return "XksKeyInvalidConfigurationException";
    case Failure::kKeyNotFound:
      return "XksKeyNotFoundException";
    case Failure::kAccessDenied:
      return "KMSInvalidStateException";
    default:
      return "CustomKeyStoreInvalidStateException";
  }
}

const char* code_of(Failure failure, ExternalWork work) {
  switch (work) {
    case ExternalWork::kManagingStore:
      return code_when_managing(failure);
    case ExternalWork::kCreatingKey:
      return code_when_creating(failure);
    case ExternalWork::kCryptography:
      break;
  }
  return "KMSInvalidStateException";
}

}  // namespace

Error external_refusal(Failure failure, ExternalWork work) {
  if (failure == Failure::kNotSigned)
    return Error{ErrorKind::kUnavailable, "keyd is not there to sign the request to the external key store"};
  return Error{ErrorKind::kConflict, message_of(failure), code_of(failure, work)};
}

std::string connection_error_of(Failure failure) {
  switch (failure) {
    case Failure::kAuthenticationFailed:
      return "INVALID_CREDENTIALS";
    case Failure::kAccessDenied:
      return "XKS_PROXY_ACCESS_DENIED";
    case Failure::kInvalidUriPath:
      return "XKS_PROXY_INVALID_CONFIGURATION";
    case Failure::kTls:
      return "XKS_PROXY_INVALID_TLS_CONFIGURATION";
    case Failure::kUnreachable:
    case Failure::kInvalidState:
      return "XKS_PROXY_NOT_REACHABLE";
    case Failure::kTimeout:
    case Failure::kDependencyTimeout:
      return "XKS_PROXY_TIMED_OUT";
    case Failure::kThrottling:
    case Failure::kBusy:
      return "NETWORK_ERRORS";
    case Failure::kNotSigned:
      return "INTERNAL_ERROR";
    default:
      return "XKS_PROXY_INVALID_RESPONSE";
  }
}

Error not_connected(ExternalWork work) {
  return Error{ErrorKind::kConflict,
               "This KMS key is in a custom key store that is not connected to its external key store proxy. "
               "Connect the external key store and try the request again.",
               work == ExternalWork::kCryptography ? "KMSInvalidStateException"
                                                   : "CustomKeyStoreInvalidStateException"};
}

}  // namespace coffer::services::kms
