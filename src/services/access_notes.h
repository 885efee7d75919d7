// SPDX-License-Identifier: Apache-2.0
// What an explanation cannot know of the call that it is about.
#pragma once
#include <string>
#include <vector>

#include "services/access_inquiry.h"

namespace coffer::services {

// A sentence each, about an inquiry that has been answered. Thread-safe.
std::vector<std::string> notes_of(const Inquiry& inquiry);

}  // namespace coffer::services
